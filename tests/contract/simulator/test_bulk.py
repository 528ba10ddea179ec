"""Bulk: jobs that end later, results at once, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from contract.simulator.stage import BULK, USERS, Stage, bulk, user


async def _submit(stage: Stage, *names: str) -> str:
    answer = await stage.call("POST", BULK, bulk(*(user(name) for name in names)))
    assert answer.status == 202, answer.text
    return str(answer.body["id"])


async def _end(stage: Stage, id_: str) -> Any:
    stage.clock.now += 1
    return await stage.ok("GET", f"{BULK}/{id_}")


async def test_a_job_is_done_when_its_time_has_come(stage: Stage):
    """202 with an id; nothing happens before the end of the job, everything at it."""
    answer = await stage.call("POST", BULK, bulk(user("jane"), user("john")))
    assert answer.status == 202
    path = answer.headers["Location"].removeprefix(stage.url)
    assert path == f"{BULK}/{answer.body['id']}"
    assert (await stage.ok("GET", path))["status"] not in ("COMPLETED", "FAILED")
    assert await stage.effects() == []
    assert await _end(stage, answer.body["id"]) == {"id": answer.body["id"], "status": "COMPLETED", "errors": []}
    actor = f"job:{answer.body['id']}"
    assert [effect for effect in await stage.effects() if effect[0] == "created"] == [
        ("created", "jane", actor),
        ("created", "john", actor),
    ]


async def test_errors_of_a_job_name_nobody(stage: Stage):
    """A job completes although operations failed, and its errors do not say whose."""
    await stage.create("jane")
    job = await _end(stage, await _submit(stage, "jane", "john"))
    assert job["status"] == "COMPLETED"
    assert job["errors"] == [{"code": "409", "message": "uniqueness"}]


async def test_results_of_a_job_where_the_tenant_gives_them(stage: Stage):
    """With bulkResults a job ends like a BulkResponse."""
    await stage.control("PATCH", "settings", {"bulkResults": True})
    await stage.create("jane")
    job = await _end(stage, await _submit(stage, "jane", "john"))
    assert [(item["bulkId"], item["status"]) for item in job["Operations"]] == [("b0", "409"), ("b1", "201")]


async def test_too_many_operations(stage: Stage):
    """413 says how many are allowed."""
    await stage.control("PATCH", "settings", {"maxOperations": 2})
    answer = await stage.call("POST", BULK, bulk(*(user(f"u{n}") for n in range(3))))
    assert answer.status == 413
    assert "maxOperations is 2" in answer.body["detail"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_too_large_a_payload(stage: Stage, chunked: bool):
    """413 says how much is allowed, also where the length was not announced."""
    await stage.control("PATCH", "settings", {"maxPayloadBytes": 100})

    async def parts():
        yield b"{" + b" " * 200 + b"}"

    more = {"data": parts()} if chunked else {"data": b" " * 200}
    answer = await stage.call("POST", BULK, **more)
    assert answer.status == 413
    assert "maxPayloadSize is 100" in answer.body["detail"]


@pytest.mark.parametrize("bulk_id", [None, "", 5, {}])
async def test_bulk_id_is_required(stage: Stage, bulk_id: object):
    """400 where a POST has no bulkId, and no operation is carried out."""
    body = bulk(user("jane"), user("john"))
    body["Operations"][1]["bulkId"] = bulk_id
    answer = await stage.call("POST", BULK, body)
    assert answer.status == 400
    assert "bulkId" in answer.body["detail"]
    stage.clock.now += 10
    assert await stage.effects() == []


async def test_synchronous_results(stage: Stage):
    """200 with a result for each operation, in order: created, changed, not found, not offered."""
    await stage.control("PATCH", "settings", {"bulkMode": "sync"})
    jane = await stage.create("jane")
    body = bulk(user("john"))
    change = {"Operations": [{"op": "replace", "path": "active", "value": False}]}
    body["Operations"] += [
        {"method": "PATCH", "path": f"/Users/{jane['id']}", "data": change},
        {"method": "PUT", "path": "/Users/nobody", "data": user("x")},
        {"method": "DELETE", "path": f"/Users/{jane['id']}"},
        {"method": "POST", "path": "/scim/v2", "bulkId": "b9", "data": user("stray")},
    ]
    answer = await stage.call("POST", BULK, body)
    assert answer.status == 200
    results = answer.body["Operations"]
    assert [item["status"] for item in results] == ["201", "200", "404", "405", "404"]
    assert (await stage.ok("GET", results[0]["location"]))["userName"] == "john"
    assert results[2]["response"]["status"] == "404"


async def test_bulk_can_be_off(stage: Stage):
    """501, and discovery says so."""
    await stage.control("PATCH", "settings", {"bulkMode": "off"})
    assert (await stage.call("POST", BULK, bulk(user("jane")))).status == 501
    assert (await stage.ok("GET", "/scim/v2/ServiceProviderConfig"))["bulk"]["supported"] is False


@pytest.mark.parametrize(
    ("kind", "status", "made"),
    [
        ("fail", "FAILED", []),
        ("half", "FAILED", ["u0", "u1"]),
        ("partial", "COMPLETED", ["u0", "u1", "u3", "u4"]),
        ("never", "RUNNING", []),
    ],
)
async def test_job_faults(stage: Stage, kind: str, status: str, made: list[str]):
    """A job goes wrong as ordered, and the next one works again."""
    names = [f"u{number}" for number in range(4 if kind == "half" else 5)]
    await stage.control("POST", "faults", {"job": kind})
    stage.clock.now += 1000
    job = await _end(stage, await _submit(stage, *names))
    assert job["status"] == status
    assert bool(job["errors"]) is (kind != "never")
    listed = await stage.ok("GET", USERS)
    assert [item["userName"] for item in listed["Resources"]] == made
    assert (await _end(stage, await _submit(stage, "after")))["status"] == "COMPLETED"


async def test_an_unknown_job(stage: Stage):
    """404."""
    assert (await stage.call("GET", f"{BULK}/bulk-job-x")).status == 404
