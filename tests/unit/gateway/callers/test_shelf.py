"""A shelf's places, and what is found by label."""

from __future__ import annotations

from routeiq.gateway.callers.shelf import Entry, Shelf


def test_a_shelf_forgets_by_label_and_by_age() -> None:
    shelf = Shelf[int](2)
    for number, key in enumerate("abc"):
        shelf.put(key, Entry(number, frozenset({"all", key}), key))
    assert list(shelf.entries) == ["b", "c"]
    assert set(shelf.labelled("all")) == {"b", "c"}
    assert shelf.labelled("a") == ()
    shelf.put("b", Entry(9, frozenset({"other"}), "b"))
    assert shelf.labelled("all") == ("c",)
    shelf.drop("nothing")
    for key in "bc":
        shelf.drop(key)
    assert shelf._keys == shelf._only == {}
