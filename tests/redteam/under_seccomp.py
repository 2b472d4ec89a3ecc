"""under_seccomp.py PROFILE CALL... -- COMMAND...: runs a command as an engine would that has a profile of this kind (a
list of what is refused), with more calls refused."""
import ctypes
import json
import os
import sys

ALLOW, ERRNO = 0x7FFF0000, 0x00050000


def main():
    at = sys.argv.index("--")
    profile, *refused = sys.argv[1:at]
    with open(profile, encoding="utf-8") as file:
        loaded = json.load(file)
    assert loaded["defaultAction"] == "SCMP_ACT_ALLOW"
    rules = [(name, rule["errnoRet"]) for rule in loaded["syscalls"] for name in rule["names"]]
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_rule_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint]
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    context = library.seccomp_init(ALLOW)
    for name, error in [*rules, *((name, 1) for name in refused)]:
        number = library.seccomp_syscall_resolve_name(name.encode())
        assert number != -1, f"there is no call {name}"
        library.seccomp_rule_add(context, ERRNO | error, number, 0)
    assert library.seccomp_load(context) == 0
    os.execvp(sys.argv[at + 1], sys.argv[at + 1:])


main()
