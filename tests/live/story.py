#!/usr/bin/env python3
"""The main job, told from the users' side on a real XMPP server (issue: "Live tests").

Run by tests/live.rs, which starts the servers. Each story prints `ok NAME` or `FAILED NAME`; the
exit code is the number of stories that failed.
"""

import argparse
import asyncio
import datetime
import json
import logging
import subprocess
import sys
import traceback
import uuid

from people import Missing, Person, error_of, message_from, presence_from
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET

CYRILLIC = "Привет, как дела? Щука — ёж."


class World:
    """Where the story plays: the server's port, the numbers, and a way to ask the gateway."""

    def __init__(self, arguments):
        self.port = arguments.port
        self.gateway = arguments.gateway
        self.host = arguments.host
        self.accounts = dict(pair.split(":", 1) for pair in arguments.account)
        self.status_command = arguments.status.split("\x1f") if arguments.status else None
        self.echo = arguments.echo
        self.privileged = arguments.privileged
        self.settle = arguments.settle
        self.stored_texts_lost = arguments.stored_texts_lost
        self.offline_told_early = arguments.offline_told_early
        self.profiles_in_part = arguments.profiles_in_part

    def contact(self, number):
        return f"{number}@{self.gateway}"

    def number(self, place):
        return list(self.accounts)[place]

    def status(self):
        """What `icq-transport status --json` says, or None when there is no such socket."""
        if not self.status_command:
            return None
        return json.loads(subprocess.run(self.status_command, check=True, capture_output=True, timeout=20).stdout)

    async def person(self, name, resource="pc"):
        return await Person(f"{name}@{self.host}", "secret", resource).arrive(self.port)

    async def registered(self, name, place):
        """A person who is registered with the number at that place, and online on ICQ."""
        person = await self.person(name)
        number = self.number(place)
        await person.registers(self.gateway, number, self.accounts[number])
        await person.sees("the gateway online", online(self.gateway), 30)
        return person


def online(gateway):
    """The gateway's presence once the ICQ login stands: until then it says in words what it waits for."""
    return lambda s: presence_from(gateway)(s) and not s["status"]


def fresh_id():
    return f"story-{uuid.uuid4().hex[:8]}"


async def the_gateway_is_found(world):
    alice = await world.person("alice")
    info = await alice["xep_0030"].get_info(jid=world.gateway, timeout=15)
    identities = {(category, kind) for category, kind, _, _ in info["disco_info"]["identities"]}
    assert ("gateway", "icq") in identities, identities
    assert "jabber:iq:register" in info["disco_info"]["features"], info
    await alice.leave()


async def the_form_offers_the_code_page_of_the_language(world):
    alice = await world.person("alice")
    for lang, code_page in (("ru", "windows-1251"), ("pl", "windows-1250")):
        request = alice.make_iq_get(queryxmlns="jabber:iq:register", ito=world.gateway)
        request["lang"] = lang
        form = await request.send(timeout=15)
        value = "{jabber:x:data}field[@var='x-charset']/{jabber:x:data}value"
        offered = [value.text for value in form.xml.findall(f".//{value}")]
        assert offered == [code_page], (lang, form)
    await alice.leave()


async def a_wrong_password_is_refused_and_nothing_is_stored(world):
    alice = await world.person("alice")
    try:
        await alice.registers(world.gateway, world.number(0), "nonsense")
        raise Missing("the wrong password was taken")
    except IqError as refused:
        assert refused.condition == "not-authorized", refused.condition
        assert "nonsense" not in str(refused.iq), "the error repeats the password"
    form = await alice["xep_0077"].get_registration(jid=world.gateway, timeout=15)
    assert form.xml.find(".//{jabber:iq:register}registered") is None, form
    status = world.status()
    assert status is None or status["users"]["registered"] == 0, status
    await alice.leave()


async def registration_logs_in_and_shows_the_gateway(world):
    alice = await world.registered("alice", 0)
    await asyncio.sleep(world.settle)
    roster = await alice.roster_of(world.gateway)
    assert world.gateway in roster, roster
    form = await alice["xep_0077"].get_registration(jid=world.gateway, timeout=15)
    assert form.xml.find(".//{jabber:iq:register}registered") is not None, form
    assert world.accounts[world.number(0)] not in str(form), "the form shows the password"
    await alice.leave()


async def a_contact_appears_with_name_and_presence(world):
    """The second number belongs to Bob; Alice adds it and sees him come and go."""
    bob = await world.registered("bob", 1)
    alice = await world.person("alice")
    await alice.sees("the gateway online", online(world.gateway), 30)
    contact = world.contact(world.number(1))
    alice.send_presence_subscription(pto=contact, ptype="subscribe")
    await alice.sees("the subscription granted", presence_from(contact, "subscribed"), 40)
    await alice.sees("the contact online", presence_from(contact), 40)
    bob.send_presence(pshow="away")
    await alice.sees("the contact away", lambda s: presence_from(contact)(s) and s["type"] == "away", 40)
    await bob.leave()
    await alice.sees("the contact offline", presence_from(contact, "unavailable"), 100)
    roster = await alice.roster_of(world.gateway)
    assert roster.get(contact, ("none",))[0] in ("to", "both"), roster
    await alice.leave()


async def a_message_goes_there_and_back_in_cyrillic(world):
    bob = await world.person("bob")
    alice = await world.person("alice")
    for person in (alice, bob):
        await person.sees("the gateway online", online(world.gateway), 30)
    alice_on_icq, bob_on_icq = world.contact(world.number(0)), world.contact(world.number(1))
    alice.send_message(mto=bob_on_icq, mbody=CYRILLIC, mtype="chat")
    await bob.sees("the message", message_from(alice_on_icq, CYRILLIC), 30)
    bob.send_message(mto=alice_on_icq, mbody="Да\nнет", mtype="chat")
    await alice.sees("the answer", message_from(bob_on_icq, "Да\nнет"), 30)
    await bob.leave()
    await alice.leave()


async def an_echo_comes_back(world):
    if not world.echo:
        return
    alice = await world.person("alice")
    await alice.sees("the gateway online", online(world.gateway), 30)
    echo = world.contact(world.echo)
    alice.send_presence_subscription(pto=echo, ptype="subscribe")
    await alice.sees("the subscription granted", presence_from(echo, "subscribed"), 40)
    await alice.sees("the contact online", presence_from(echo), 40)
    alice.send_message(mto=echo, mbody=CYRILLIC, mtype="chat")
    await alice.sees("the echo", message_from(echo, CYRILLIC), 30)
    long = " ".join(f"слово{i}" for i in range(300))
    alice.send_message(mto=echo, mbody=long, mtype="chat")
    heard = ""
    while len(heard.replace(" ", "")) < len(long.replace(" ", "")):
        heard += (await alice.sees("a part of the long echo", message_from(echo), 60))["body"]
    assert heard.replace(" ", "").replace("\n", "") == long.replace(" ", ""), "the long text came back changed"
    await alice.leave()


async def a_long_message_arrives_in_parts(world):
    """No more than 450 bytes go at once: some servers drop the whole session of whoever sends more."""
    bob = await world.person("bob")
    alice = await world.person("alice")
    for person in (alice, bob):
        await person.sees("the gateway online", online(world.gateway), 30)
    long = " ".join(f"слово{i}" for i in range(300))
    alice.send_message(mto=world.contact(world.number(1)), mbody=long, mtype="chat")
    from_alice, parts = message_from(world.contact(world.number(0))), []
    while len("".join(parts).replace(" ", "")) < len(long.replace(" ", "")):
        parts.append((await bob.sees("a part of the long message", from_alice, 60))["body"])
    assert "".join(parts).replace(" ", "") == long.replace(" ", ""), parts
    assert max(len(part) for part in parts) <= 450, parts
    await alice.never_sees("an error", lambda s: s["type"] == "error")
    await bob.leave()
    await alice.leave()


async def a_message_waits_for_an_offline_contact(world):
    bob = await world.person("bob")
    await bob.sees("the gateway online", online(world.gateway), 30)
    await bob.leave()
    alice = await world.person("alice")
    await alice.sees("the gateway online", online(world.gateway), 30)
    contact = world.contact(world.number(1))
    await alice.sees("the contact offline", presence_from(contact, "unavailable"), 100)
    if world.offline_told_early:
        await asyncio.sleep(2)
    text = f"Дождись {uuid.uuid4().hex[:6]}"
    before = datetime.datetime.now(datetime.timezone.utc)
    alice.send_message(mto=contact, mbody=text, mtype="chat")
    await alice.never_sees("an error", lambda s: s["type"] == "error", 2)
    bob = await world.person("bob")
    if world.stored_texts_lost:
        text = "[ICQ message of unknown type 0x00]"
    stanza = await bob.sees("the message that waited", message_from(world.contact(world.number(0)), text), 60)
    stamp = stanza.xml.find("{urn:xmpp:delay}delay")
    if stamp is not None:
        sent = datetime.datetime.fromisoformat(stamp.get("stamp").replace("Z", "+00:00"))
        assert abs((sent - before).total_seconds()) < 180, stanza
    await bob.never_sees("the message again", message_from(world.contact(world.number(0)), text), 3)
    await bob.leave()
    await alice.leave()


async def a_message_while_logged_off_gives_an_error(world):
    alice = await world.person("alice")
    await alice.sees("the gateway online", online(world.gateway), 30)
    alice.send_presence(pto=world.gateway, ptype="unavailable")
    await alice.sees("the gateway offline", presence_from(world.gateway, "unavailable"), 30)
    # Until the gateway is sure that she has left, and for `logoff_delay` (2 s here), the ICQ login stands.
    await asyncio.sleep(6)
    sent = alice.make_message(mto=world.contact(world.number(1)), mbody="too late", mtype="chat")
    sent["id"] = fresh_id()
    sent.send()
    await alice.sees("the error", error_of(sent["id"], "service-unavailable"), 40)
    await alice.leave()


async def an_encrypted_message_is_refused(world):
    alice = await world.person("alice")
    await alice.sees("the gateway online", online(world.gateway), 30)
    message_id = fresh_id()
    alice.send_raw(
        f"<message to='{world.contact(world.number(1))}' type='chat' id='{message_id}'><body>fallback</body>"
        "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted></message>"
    )
    await alice.sees("the error", error_of(message_id, "not-acceptable"))
    await alice.leave()


async def odd_stanzas_disturb_nobody(world):
    alice = await world.person("alice")
    await alice.sees("the gateway online", online(world.gateway), 30)
    deep = "<a>" * 200 + "</a>" * 200
    for xml in (
        f"<message to='{world.gateway}' type='chat' id='{fresh_id()}'><x xmlns='urn:example:deep'>{deep}</x></message>",
        f"<message to='foo\\@{world.gateway}' type='chat' id='{fresh_id()}'><body>backslash</body></message>",
        f"<message to='{world.gateway}' type='chat' id='{fresh_id()}'><x xmlns='urn:example:long' y='{'z' * 7000}'/></message>",
    ):
        alice.send_raw(xml)
    await alice["xep_0199"].ping(jid=world.gateway, timeout=15)
    await alice.leave()


async def a_profile_is_published_looked_up_and_found(world):
    """Bob publishes a nickname by a command; Alice reads it on his vCard, and finds him by it."""
    nick = f"Mercutio{uuid.uuid4().hex[:6]}"
    bob = await world.person("bob")
    alice = await world.person("alice")
    for person in (alice, bob):
        await person.sees("the gateway online", online(world.gateway), 30)
    session, status, _, form = await bob.commands(world.gateway, "profile")
    assert status == "executing" and "nick" in form, form
    _, status, note, _ = await bob.commands(world.gateway, "profile", session, nick=nick, city="Verona", about="A plague")
    assert status == "completed" and "shows your profile" in note, note

    contact = world.contact(world.number(1))
    card = await alice.asks(contact, ET.Element("{vcard-temp}vCard"), patience=40)
    assert card.findtext("{vcard-temp}NICKNAME") == nick, ET.tostring(card)
    assert card.findtext("{vcard-temp}JABBERID") == contact, ET.tostring(card)
    assert card.findtext("{vcard-temp}ADR/{vcard-temp}LOCALITY") == "Verona", ET.tostring(card)
    about = card.findtext("{vcard-temp}DESC")
    assert ("A plague" in about) != world.profiles_in_part, ET.tostring(card)

    search = ET.Element("{jabber:iq:search}query")
    ET.SubElement(search, "{jabber:iq:search}nick").text = nick
    found = await alice.asks(world.gateway, search, "set", 40)
    jids = [item.get("jid") for item in found.findall("{jabber:iq:search}item")]
    assert jids == ([] if world.profiles_in_part else [contact]), ET.tostring(found)
    await bob.leave()
    await alice.leave()


async def commands_and_words_do_the_same(world):
    alice = await world.person("alice")
    await alice.sees("the gateway online", online(world.gateway), 30)
    commands = await alice["xep_0030"].get_items(
        jid=world.gateway, node="http://jabber.org/protocol/commands", timeout=15
    )
    nodes = {node for _, node, _ in commands["disco_items"]["items"]}
    assert {"status", "find", "profile", "settings", "unregister"} <= nodes, nodes
    _, status, _, form = await alice.commands(world.gateway, "status")
    assert status == "completed" and "Connected to ICQ." in form["text"][0], form
    alice.send_message(mto=world.gateway, mbody="status", mtype="chat")
    from_gateway = message_from(world.gateway)
    told = await alice.sees("the status", lambda s: from_gateway(s) and s["body"], 15)
    assert told["body"].splitlines()[0] == form["text"][0], (told, form)
    session, _, _, form = await alice.commands(world.gateway, "settings")
    assert form["mode"] == ["follow"], form
    await alice.commands(world.gateway, "settings", session, **{"web-aware": "1"})
    _, status, note, _ = await alice.commands(world.gateway, "settings", session, **{"on-added": "note"})
    assert (status, note) == ("completed", "Saved."), (status, note)
    await alice.leave()


async def unregistering_leaves_nothing(world):
    for name in ("bob", "alice"):
        person = await world.person(name)
        await person.sees("the gateway online", online(world.gateway), 30)
        await person.unregisters(world.gateway)
        await asyncio.sleep(max(2, world.settle))
        roster = await person.roster_of(world.gateway)
        standing = {jid: item for jid, item in roster.items() if item[0] != "none"}
        assert not standing, roster
        message_id = fresh_id()
        person.send_raw(f"<message to='{world.contact(world.number(1))}' type='chat' id='{message_id}'><body>x</body></message>")
        await person.sees("the error", error_of(message_id, "registration-required"))
        await person.leave()
    status = world.status()
    assert status is None or status["users"]["registered"] == 0, status


STORIES = [
    the_gateway_is_found,
    the_form_offers_the_code_page_of_the_language,
    a_wrong_password_is_refused_and_nothing_is_stored,
    registration_logs_in_and_shows_the_gateway,
    a_contact_appears_with_name_and_presence,
    a_message_goes_there_and_back_in_cyrillic,
    an_echo_comes_back,
    a_long_message_arrives_in_parts,
    a_message_waits_for_an_offline_contact,
    a_message_while_logged_off_gives_an_error,
    an_encrypted_message_is_refused,
    odd_stanzas_disturb_nobody,
    a_profile_is_published_looked_up_and_found,
    commands_and_words_do_the_same,
    unregistering_leaves_nothing,
]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="the XMPP server's client port on 127.0.0.1")
    parser.add_argument("--host", default="localhost", help="the XMPP domain of alice and bob")
    parser.add_argument("--gateway", default="icq.localhost", help="the component's domain")
    parser.add_argument("--account", action="append", default=[], help="NUMBER:PASSWORD on ICQ, first Alice's, then Bob's")
    parser.add_argument("--echo", help="a number that answers each text with the same text")
    parser.add_argument("--status", help="the command that prints the gateway's state as JSON, parts joined by U+001F")
    parser.add_argument("--privileged", action="store_true", help="the server grants XEP-0356")
    parser.add_argument("--settle", type=float, default=1.0, help="seconds to wait before a roster is looked at")
    parser.add_argument(
        "--stored-texts-lost",
        action="store_true",
        help="the ICQ server keeps that a message of a V5 user waits, but not what it says (open-oscar-server)",
    )
    parser.add_argument(
        "--offline-told-early",
        action="store_true",
        help="the ICQ server says that somebody left before it has ended the session, and a message sent "
        "in between is lost with it (open-oscar-server)",
    )
    parser.add_argument(
        "--profiles-in-part",
        action="store_true",
        help="the ICQ server takes what somebody says about themselves and never tells it, and reads the names of a "
        "search in another order (open-oscar-server)",
    )
    parser.add_argument("--only", help="run only stories whose name contains this")
    parser.add_argument("--debug", action="store_true")
    return parser.parse_args()


async def main():
    options = arguments()
    if options.debug:
        logging.basicConfig(level=logging.DEBUG)
    world, failed = World(options), 0
    for story in STORIES:
        if options.only and options.only not in story.__name__:
            continue
        try:
            await asyncio.wait_for(story(world), 180)
            print(f"ok {story.__name__}", flush=True)
        except Exception:  # whatever went wrong is this story's failure, the next one still runs
            failed += 1
            print(f"FAILED {story.__name__}\n{traceback.format_exc()}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(min(asyncio.run(main()), 100))
