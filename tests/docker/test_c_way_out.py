"""What EGRESS_ALLOW opens can be reached, so that the refusals in test_c_sandbox.py are the sandbox's doing."""
from test_c_sandbox import BRIDGE, in_page
from test_pages import Canary, shown_at


def test_a_page_reaches_what_egress_allow_opens(stack):
    canary = Canary()
    stack.environment["EGRESS_ALLOW"] = BRIDGE
    try:
        stack.up()
        session = stack.create()
        text = in_page(session, lambda cdp, page: shown_at(cdp, page, f"http://{BRIDGE}:{canary.port}/opened"))
        stack.end(session["id"])
        assert canary.came("/opened"), text
    finally:
        del stack.environment["EGRESS_ALLOW"]
        stack.up()
        canary.server.shutdown()
