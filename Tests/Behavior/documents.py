"""Catalog documents as values, small enough to be read in a test."""


class Maker:
    """Documents of one test: the id begins with its name, and every call goes to a host of its own."""

    def __init__(self, name):
        self.name = name
        self.host = f"https://{name}.example"

    def call(self, id="call", path="/things", method="POST", **more):
        """An action that makes one HTTP call."""
        action = {"id": id, "type": "rest-api", "config": {"endpoint": {"url": self.host + path, "method": method}}}
        config = more.pop("config", {})
        action["config"].update(config)
        if method in ("POST", "PATCH") and "idempotency" not in config:
            action["config"]["idempotency"] = "header"
        action.update(more)
        return action

    def unkeyed(self, id="call", **more):
        """A POST whose other side is not said to honor a key."""
        action = self.call(id, **more)
        del action["config"]["idempotency"]
        return action

    def task(self, id="task", outputs=(), **more):
        return {"id": id, "type": "manual-task", "config": {"title": f"Do {id}"}, "outputs": list(outputs), **more}

    def issue(self, id="issue", **more):
        ticket = {"project": "OPS", "summaryTemplate": f"{self.name}: {id}", "descriptionTemplate": "Please do it."}
        return {"id": id, "type": "jira-ticket", "config": {"ticket": ticket}, **more}

    def item(self, *actions, suffix="", fields=(), manual=(), mode="automatic", retry=None, instance=None, automatic=None, **more):
        """An automatic item; `fields` are names of optional texts, or whole fields."""
        whole = [field if isinstance(field, dict) else {"id": field, "name": field, "type": "string"} for field in fields]
        document = {
            "kind": "CatalogItem",
            "metadata": {
                "id": self.name + suffix, "name": f"Service {self.name}{suffix}", "version": "1.0.0", "category": "compute",
                "description": "A service that a test of the appliance asks for, with exactly the steps that it needs.",
                "owner": {"team": "platform"}, "tags": ["test"]},
            "presentation": {"form": {"groups": [{"id": "main", "name": "Main", "fields": whole}]}},
            "fulfillment": {"strategy": {"mode": mode}, "manual": {"actions": list(manual) or [self.task("byHand")]}},
        }
        if mode == "automatic":
            quick = {"attempts": 3, "backoff": "none", "initialDelay": "10ms", "maxDelay": "1s"}
            document["fulfillment"]["automatic"] = {
                "mode": "sequential", "retry": retry or quick, "actions": list(actions), **(automatic or {})}
        if instance:
            document["instance"] = instance
        document.update(more)
        return document
