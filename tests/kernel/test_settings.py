"""Settings come as text."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from podium.kernel.settings import Settings


@pytest.mark.parametrize("replicas", ["1", "3", "5"])
def test_the_number_of_replicas_is_set_by_a_variable(replicas: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PODIUM_REPLICAS", replicas)
    assert Settings().replicas == int(replicas)


@pytest.mark.parametrize("replicas", ["2", "many", "-1", ""])
def test_a_number_that_no_cluster_has_is_refused(replicas: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PODIUM_REPLICAS", replicas)
    with pytest.raises(ValidationError, match="replicas"):
        Settings()
