"""What the service answered in the whole run is what its own document says. conftest.py runs this file last, so that
every answer was held against it."""
import openapi


def test_the_document_is_served(service):
    answer = service.call("GET", "/openapi.json")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("application/json")
    assert answer.json()["openapi"].startswith("3.1")


def test_the_reference_is_served_from_our_own_files(service):
    answer = service.call("GET", "/docs")
    if answer.status_code in (301, 302, 307, 308):
        answer = service.call("GET", answer.headers["Location"].removeprefix(service.url))
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
    assert "https://" not in answer.text and "http://" not in answer.text, "a page that needs another host"


def test_every_answer_of_this_run_fits_the_document():
    print(f"{len(openapi.checked)} kinds of answer were held against /openapi.json")
    assert openapi.checked, "nothing was held against it"
    assert not openapi.violations, "\n".join(sorted(set(openapi.violations)))
