"""Importing: accounts of CXone, or the rows of a spreadsheet, become CxoneUser resources.

Nothing here reads or writes; the command does.

| module      | what it has                                                              |
|-------------|--------------------------------------------------------------------------|
| `limits`    | what a field of a CxoneUser may be                                       |
| `person`    | somebody to declare, and whoever cannot be                               |
| `declaring` | an account → the person that it declares, so that nothing changes there  |
| `proof`     | what applying it would do, by the operator's own plan                    |
| `accounts`  | all accounts as candidates                                               |
| `choosing`  | who is wanted, and who is left alone                                     |
| `naming`    | the name of each resource                                                |
| `manifest`  | a person → the resource, and resources → YAML                            |
| `sheet`     | people ↔ CSV; `cells`: one cell of it                                    |
| `layout`    | which file each resource is in                                           |
"""
