"""People at their XMPP clients: slixmpp, told what to do and asked what it saw."""

import asyncio
import time

import slixmpp
from slixmpp.xmlstream import ET

PATIENCE = 15.0
REGISTER = "jabber:iq:register"
COMMANDS = "http://jabber.org/protocol/commands"


class Missing(Exception):
    """Something that should have been seen was not."""


class Person(slixmpp.ClientXMPP):
    """One account, one resource. Accepts whoever wants to subscribe, as most clients' users do."""

    def __init__(self, account, password, resource="pc"):
        super().__init__(f"{account}/{resource}", password)
        self.seen = []
        self.plugin_config = {}
        self["feature_mechanisms"].unencrypted_plain = True
        self["feature_mechanisms"].unencrypted_scram = True
        for plugin in ("xep_0030", "xep_0077", "xep_0092", "xep_0115", "xep_0199", "xep_0203"):
            self.register_plugin(plugin)
        self.roster.auto_authorize = True
        self.roster.auto_subscribe = False
        for event in ("message", "presence", "message_error"):
            self.add_event_handler(event, self.note)
        for event in ("presence_subscribe", "presence_subscribed", "presence_unsubscribe", "presence_unsubscribed", "presence_error"):
            self.add_event_handler(event, self.note)

    def note(self, stanza):
        if stanza not in self.seen:
            self.seen.append(stanza)

    async def arrive(self, port, show=None, status=None):
        """Logs in, fetches the roster and announces itself."""
        started = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", lambda _: started.done() or started.set_result(True))
        self.connect(("127.0.0.1", port), use_ssl=False, force_starttls=False, disable_starttls=True)
        await asyncio.wait_for(started, PATIENCE)
        await self.get_roster()
        self.send_presence(pshow=show, pstatus=status)
        return self

    async def leave(self):
        """Goes offline like a client that is closed."""
        gone = asyncio.get_running_loop().create_future()
        self.add_event_handler("disconnected", lambda _: gone.done() or gone.set_result(True))
        self.disconnect(wait=1.0)
        await asyncio.wait_for(gone, PATIENCE)

    async def sees(self, what, wanted, patience=PATIENCE):
        """The first stanza seen, now or soon, for which `wanted` holds; it is then forgotten."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            for stanza in self.seen:
                if wanted(stanza):
                    self.seen.remove(stanza)
                    return stanza
            await asyncio.sleep(0.02)
        last = "\n".join(str(stanza) for stanza in self.seen[-8:])
        raise Missing(f"{self.boundjid.bare} never saw {what}; the last stanzas were\n{last}")

    async def never_sees(self, what, wanted, patience=1.5):
        """Nothing for which `wanted` holds is seen for that long."""
        await asyncio.sleep(patience)
        for stanza in self.seen:
            if wanted(stanza):
                raise Missing(f"{self.boundjid.bare} saw {what}: {stanza}")

    async def registers(self, gateway, number, password):
        """Fills in the plain fields of the registration form."""
        await self["xep_0077"].get_registration(jid=gateway, timeout=PATIENCE)
        request = self.make_iq_set(ito=gateway)
        query = ET.SubElement(request.xml, f"{{{REGISTER}}}query")
        ET.SubElement(query, f"{{{REGISTER}}}username").text = str(number)
        ET.SubElement(query, f"{{{REGISTER}}}password").text = password
        return await request.send(timeout=40)

    async def unregisters(self, gateway):
        """Asks the gateway to forget."""
        request = self.make_iq_set(ito=gateway)
        query = ET.SubElement(request.xml, f"{{{REGISTER}}}query")
        ET.SubElement(query, f"{{{REGISTER}}}remove")
        return await request.send(timeout=PATIENCE)

    async def asks(self, jid, payload, kind="get", patience=PATIENCE):
        """Sends an iq and gives the payload of its answer."""
        request = self.make_iq(ito=jid, itype=kind)
        request.append(payload)
        answer = await request.send(timeout=patience)
        return next(iter(answer.xml), None)

    async def commands(self, jid, node, session=None, **fields):
        """Takes a step of an ad-hoc command: session id, status, the words of its note, and its form."""
        command = ET.Element(f"{{{COMMANDS}}}command", {"node": node})
        if session:
            command.set("sessionid", session)
            form = ET.SubElement(command, "{jabber:x:data}x", {"type": "submit"})
            for var, value in fields.items():
                field = ET.SubElement(form, "{jabber:x:data}field", {"var": var})
                ET.SubElement(field, "{jabber:x:data}value").text = value
        answer = await self.asks(jid, command, "set", 60)
        form = answer.findall("{jabber:x:data}x/{jabber:x:data}field")
        values = {field.get("var"): [v.text for v in field.findall("{jabber:x:data}value")] for field in form}
        note = answer.findtext(f"{{{COMMANDS}}}note")
        return answer.get("sessionid"), answer.get("status"), note, values

    async def roster_of(self, gateway):
        """What the server has on the roster from this gateway: JID to (subscription, name)."""
        answer = await self.make_iq_get(queryxmlns="jabber:iq:roster").send(timeout=PATIENCE)
        items = answer.xml.findall("{jabber:iq:roster}query/{jabber:iq:roster}item")
        return {
            item.get("jid"): (item.get("subscription"), item.get("name"))
            for item in items
            if item.get("jid").split("/")[0].split("@")[-1] == gateway
        }


def message_from(jid, text=None):
    """A chat message of that bare JID, with that text where one is named."""
    return lambda s: (
        s.name == "message"
        and s["type"] != "error"
        and s["from"].bare == jid
        and (text is None or s["body"] == text)
    )


def error_of(message_id, condition=None):
    """The error that answers the message of that id."""
    return lambda s: (
        s.name == "message"
        and s["type"] == "error"
        and s["id"] == message_id
        and (condition is None or s["error"]["condition"] == condition)
    )


def presence_from(jid, kind="available"):
    """A presence of that bare JID and that kind: `available`, `unavailable`, `subscribed`, …"""
    shows = ("available", "away", "xa", "dnd", "chat")
    return lambda s: (
        s.name == "presence"
        and s["from"].bare == jid
        and (s["type"] in shows if kind == "available" else s["type"] == kind)
    )
