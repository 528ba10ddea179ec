"""The table of all habits: a new one is an entry here, and at most a function in the module of its place."""

from __future__ import annotations

from aiohttp import web

from cxone_simulator.errors import ScimProblem
from cxone_simulator.habits import instead, jobs, keeps, lists, refusals, shown
from cxone_simulator.habits.habit import Habit, Reading

_LONG_ID = 3000
_SLOWED = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."

HABITS: dict[str, Habit] = {
    # What is answered without doing anything.
    "html": Habit("Everything is answered with a page of HTML and 200", instead=instead.html),
    "redirects": Habit("Everything is sent to another host", instead=instead.elsewhere),
    "errorIn200": Habit("Writes are refused with a SCIM Error in a 200", instead=instead.no_write(instead.TRY_LATER)),
    "successFalse": Habit(
        "Writes are refused with success: false in a 200",
        instead=instead.no_write({"success": False, "message": "not saved"}),
    ),
    "refusesOr": Habit("Filters with or are refused", instead=instead.refuse_or),
    "refusesApostrophes": Habit("Filters with an apostrophe fail with 500", instead=instead.fail_at_apostrophes),
    "refusesLargeCounts": Habit("A count of more than 100 is refused", instead=instead.refuse_large_counts),
    "retryAfterHuge": Habit(
        "429, to be tried again in 3,000 years", instead=instead.throttled(Retry_After="99999999999")
    ),
    "retryAfterPast": Habit(
        "429, to be tried again long ago", instead=instead.throttled(Retry_After="Sun, 06 Nov 1994 08:49:37 GMT")
    ),
    "retryAfterGarbage": Habit("429, to be tried again soon", instead=instead.throttled(Retry_After="soon")),
    "retryAfterAbsent": Habit(
        "Every third request is answered with 429 without Retry-After", instead=instead.throttled(), every=3
    ),
    "throttlesWith403": Habit(
        "Every third request is answered with 403 and a sentence on the rate limit",
        instead=instead.refusing(ScimProblem(403, _SLOWED)),
        every=3,
    ),
    "setsCookies": Habit(
        "Every answer sets a session cookie, and who sends it back is refused",
        instead=instead.refuse_cookies,
        answers=shown.with_cookie,
    ),
    # How it is refused.
    "htmlErrors": Habit("Refusals are pages of HTML", refuses=refusals.as_page),
    "wrappedErrors": Habit("The SCIM Error is a text within another error", refuses=refusals.wrapped),
    "listedErrors": Habit("The detail only says that there are errors, which are listed", refuses=refusals.in_a_list),
    "failsForMissing": Habit("Who asks for an id that does not exist gets 500", refuses=refusals.missing_as_failure),
    "takenIs400": Habit("A userName that is taken is refused with 400", taken=refusals.taken_as_wrong),
    "takenIs500": Habit("A userName that is taken is refused with 500", taken=refusals.taken_as_failure),
    "revives": Habit("Who is made again gets the inactive account of that userName", taken=refusals.back),
    "opsCapitalised": Habit("A PATCH must say Replace, not replace", patches=keeps.capitalised),
    "groupsReadOnly": Habit(
        "Groups of a user are neither set with it nor changed", patches=keeps.groups_untouched, keeps=keeps.no_groups
    ),
    # What is kept.
    "firstOperationOnly": Habit("Of a PATCH only the first operation is carried out", patches=keeps.first_operation),
    "zoneAlias": Habit("Time zones are kept by their present names", keeps=keeps.known_zone),
    "phoneDigits": Habit("Phone numbers are kept as E.164", keeps=keeps.each("phoneNumbers", keeps.e164)),
    "roleCase": Habit("Roles are kept in upper case", keeps=keeps.each("roles", keeps.upper)),
    "groupCase": Habit("Groups are kept in upper case", keeps=keeps.each("groups", keeps.upper)),
    "addsAddress": Habit("Every user gets an address more", keeps=keeps.with_address),
    "dropsTypes": Habit("Types of addresses are not kept", keeps=keeps.each("emails", keeps.without_type)),
    "allPrimary": Habit("Addresses are sorted, and each is the primary one", keeps=keeps.all_primary),
    "derivesDisplayName": Habit("displayName is made of the name", keeps=keeps.by_full_name),
    "ignoresChanges": Habit("Changes are accepted without effect, but for active", keeps=keeps.unheeded),
    "ignoresDeactivations": Habit("Deactivations are accepted without effect", keeps=keeps.still_active),
    "renamesLeavers": Habit("The userName of whoever is inactive is a hash", keeps=keeps.unreadable_leaver),
    "numericIds": Habit(
        "Ids are JSON numbers",
        names=lambda number: str(10**12 + number),
        answers=shown.of_users(shown.number_id),
    ),
    "longIds": Habit("Ids have 3,000 characters", names=lambda number: f"{number:0{_LONG_ID}}"),
    "pathIds": Habit("Ids have slashes, blanks, + and %", names=lambda number: f"people/{number}+a b%2Fc?d#e"),
    # Who is listed.
    "hidesInactive": Habit("Inactive users are not listed, nor found by a filter", lists=lists.only_active),
    "inactiveIsGone": Habit(
        "Inactive users do not exist for whoever asks",
        lists=lists.only_active,
        hides=lambda user: not user.get("active", True),
    ),
    "deletesBetweenPages": Habit("Somebody of the first page is gone before the second is read", lists=lists.one_gone),
    "movesBetweenPages": Habit("The order changes between the first page and the second", lists=lists.moved),
    "startsAtZero": Habit("The first user has the startIndex 0", begins=lists.from_zero),
    "ignoresStartIndex": Habit("Every page is the first one", begins=lists.from_start),
    "overlapsPages": Habit("A page begins with the last user of the page before", begins=lists.overlapping),
    "caseExactFilter": Habit("Filters distinguish capitals", finds=lists.case_exact),
    "plusIsBlank": Habit("A filter takes + for a blank", finds=lists.no_plus),
    "prefixFilter": Habit("A filter finds whoever has a userName that begins so", finds=lists.by_prefix),
    "ignoresFilter": Habit("A filter finds everybody", finds=lists.everybody),
    "listsLate": Habit("Lists and filters show what was there two seconds ago", behind=frozenset({Reading.LIST})),
    "readsLate": Habit(
        "Lists, filters and users show what was there two seconds ago",
        behind=frozenset({Reading.LIST, Reading.USER}),
    ),
    # How it is shown.
    "patchShowsOld": Habit("A PATCH is answered with the user as it was before", behind=frozenset({Reading.PATCHED})),
    "rolesById": Habit("Roles and groups are shown as id with display", answers=shown.of_users(shown.roles_by_id)),
    "rolesAsText": Habit("Roles are shown as one text", answers=shown.of_users(shown.roles_as_text)),
    "activeAsNumber": Habit("active is 0 or 1", answers=shown.of_users(shown.activity(int))),
    "activeAsText": Habit("active is the text True or False", answers=shown.of_users(shown.activity(str))),
    "hidesFalse": Habit("active is left out where it is false", answers=shown.of_users(shown.true_or_nothing)),
    "lowerCase": Habit("Names of attributes are in lower case", answers=shown.of_body(shown.lower_case)),
    "qualifiedNames": Habit(
        "Names of attributes have the URN of their schema before them", answers=shown.of_users(shown.qualified)
    ),
    "nullLists": Habit("Attributes without values are null", answers=shown.of_users(shown.null_lists)),
    "nullResources": Habit("Resources is null where nobody is found", answers=shown.of_lists(shown.null_resources)),
    "unreadableEntry": Habit(
        "The list has an entry without id and userName", answers=shown.unfiltered(shown.of_lists(shown.with_more))
    ),
    "shortPages": Habit("Pages have two entries at most", answers=shown.of_lists(shown.short)),
    "briefLists": Habit(
        "Lists show id, userName and active only", answers=shown.of_listed(shown.only("id", "userName", "active"))
    ),
    "briefAnswers": Habit(
        "Writes are answered with id, userName and meta only",
        answers=shown.of_written(shown.only("id", "userName", "meta")),
    ),
    "totalTooHigh": Habit(
        "totalResults is three too many",
        answers=shown.of_lists(lambda body: {**body, "totalResults": body["totalResults"] + 3}),
    ),
    "totalOfPage": Habit(
        "totalResults is that of the page",
        answers=shown.of_lists(lambda body: {**body, "totalResults": len(body["Resources"])}),
    ),
    "totalAsText": Habit(
        "totalResults is a text",
        answers=shown.of_lists(lambda body: {**body, "totalResults": str(body["totalResults"])}),
    ),
    "nobodyIs404": Habit("A filter that finds nobody is answered with 404", answers=shown.nobody_is_missing),
    "hugePages": Habit("A page of more than ten users is too large to read", answers=shown.huge),
    "emptyAnswers": Habit(
        "Writes are carried out and answered with an empty 200",
        answers=shown.of_writes(lambda: web.Response(status=200)),
    ),
    "htmlAnswers": Habit(
        "Writes are carried out and answered with HTML and 200", answers=shown.of_writes(instead.html)
    ),
    "quotaUnlimited": Habit("The total of seats is -1", answers=shown.of_quota(-1)),
    "quotaNull": Habit("The total of seats is null", answers=shown.of_quota(None)),
    "quotaAbsurd": Habit("The total of seats is beyond any integer", answers=shown.of_quota(10**30)),
    "quotaUnreadable": Habit("The total of seats is a sentence", answers=shown.of_quota("as many as you like")),
    # What becomes of a bulk request.
    "jobsSkip": Habit("Of a bulk request every second operation is left out", serves=lambda index: index % 2 == 1),
    "jobsSucceed": Habit("A bulk job ends with the word Succeeded", jobs=jobs.in_other_words),
    "jobsForgotten": Habit("A bulk job that has ended is not found", jobs=jobs.forgotten),
    "bulkIdCapitals": Habit("The bulkIds of results are in capitals", answers=shown.of_body(jobs.in_capitals)),
    # Tokens.
    "tokenLifeZero": Habit("Tokens are given with expires_in 0", tokens=lambda body: {**body, "expires_in": 0}),
    "tokenRipens": Habit("Tokens are valid a second after they were given", ripens=1.0),
    # At the end: what is done to the bytes.
    "oneResource": Habit("A list of one user is that user", answers=shown.of_lists(shown.one_resource)),
    "byteOrderMark": Habit("Answers begin with a byte order mark", answers=shown.with_bom),
    "latinLetters": Habit("Answers are written in ISO-8859-1", answers=shown.in_latin),
}
