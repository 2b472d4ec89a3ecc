"""The S3 server that tests start for themselves does what tests of recordings rely on."""
import pytest
import requests


def test_the_object_store_of_the_tests_lets_nobody_in_without_a_key(object_store):
    for method in ("GET", "PUT"):
        answer = requests.request(method, f"{object_store.endpoint}/some-bucket/some-key", timeout=10)
        assert answer.status_code in (403, 404), answer.text
    assert requests.put(f"{object_store.endpoint}/some-bucket", timeout=10).status_code == 403


def test_the_object_store_of_the_tests_can_be_taken_away_and_brought_back(object_store):
    object_store.kill_gateway()
    with pytest.raises(requests.ConnectionError):
        requests.get(object_store.endpoint, timeout=10)
    object_store.start_gateway()
    assert requests.get(object_store.endpoint, timeout=10).status_code == 200
