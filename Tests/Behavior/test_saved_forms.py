"""Forms that are kept, shared, repeated and sent many at a time."""


def kept(api, item):
    return api.get(f"/drafts/{item}")


def test_a_draft_is_kept_for_its_owner_alone_without_its_secrets(server, make):
    item = server.publish(make.item(make.call(), fields=["note", {"id": "secret", "type": "password"}]))
    rita, bob = server.person(f"{make.name}-rita", "developer", "platform"), server.person(f"{make.name}-bob", "developer", "platform")
    kept(rita, item).problem(404)
    for note in ("first", "second"):
        rita.request("PUT", f"/drafts/{item}", {"requestData": {"note": note, "secret": "Canary-3f"}}).expect(204)
    draft = kept(rita, item).expect(200).json
    assert draft["requestData"]["note"] == "second" and "Canary" not in str(draft) and draft["updatedAt"]
    kept(bob, item).problem(404)
    assert all(b"Canary-3f" not in file.read_bytes() for file in server.directory.data.glob("pao.db*"))
    rita.request("DELETE", f"/drafts/{item}").expect(204)
    kept(rita, item).problem(404)
    rita.request("PUT", "/drafts/unheard-of", {"requestData": {}}).problem(404)


def test_a_template_is_shared_by_a_team_and_submits_as_it_was_saved(server, make):
    item = server.publish(make.item(make.call(), fields=["note"]))
    rita, bob = server.person(f"{make.name}-rita", "developer", "platform"), server.person(f"{make.name}-bob", "developer", "platform")
    other = server.person(f"{make.name}-eve", "developer", f"{make.name}-others")
    sent = {"name": "Usual", "catalogItemId": item, "requestData": {"note": "as usual"}}
    saved = rita.post("/request-templates", sent).expect(201).json
    rita.post("/request-templates", sent).problem(409)
    seen = bob.get(f"/request-templates?catalogItemId={item}").expect(200).json["data"]
    assert [(template["name"], template["requestData"]) for template in seen] == [("Usual", {"note": "as usual"})]
    assert other.get(f"/request-templates?catalogItemId={item}").json["data"] == []
    assert bob.run(item, seen[0]["requestData"])["requestData"] == {"note": "as usual"}
    bob.request("DELETE", f"/request-templates/{saved['id']}").problem(403)
    other.request("DELETE", f"/request-templates/{saved['id']}").problem(404)
    rita.request("DELETE", f"/request-templates/{saved['id']}").expect(204)
    assert bob.get(f"/request-templates?catalogItemId={item}").json["data"] == []


def test_a_batch_may_be_yaml(server, api, make):
    item = server.publish(make.item(make.call(), fields=["note"]))
    batch = f"""
atomic: false
requests:
  - &usual {{catalogItemId: {item}, requestData: {{note: "no: a text"}}}}
  - {{<<: *usual, requestData: {{note: other}}}}
  - {{catalogItemId: unheard-of}}
"""
    answer = api.post("/requests/batch", raw=batch.encode(), headers={"Content-Type": "application/yaml"}).expect(201).json["data"]
    assert [entry["requestData"] for entry in answer[:2]] == [{"note": "no: a text"}, {"note": "other"}]
    assert answer[2]["errors"][0]["field"] == "catalogItemId"
    api.post("/requests/batch", raw=b"a: [", headers={"Content-Type": "application/yaml"}).problem(400)
    api.post("/requests", raw=b"a: 1", headers={"Content-Type": "application/yaml"}).problem(415)
