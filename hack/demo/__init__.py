"""The demonstration: a real API server, a CXone tenant to try things against, and the operator, as three processes.

`scenario` says who is declared and what must come of it, `stage` starts and ends the processes, `view` reads the API
server and the simulator, `verdict` compares the end with what was expected.
"""
