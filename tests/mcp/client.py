"""Connects with a second client that others wrote, in both revisions; it checks every result against its schema."""

import asyncio
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ElicitResult


def sign_in(url):
    """Plays the person at the sandbox's sign-in page."""
    page = urllib.request.urlopen(url).read().decode()
    ticket = re.search(r'name="ticket" value="([^"]+)"', page).group(1)
    form = urllib.parse.urlencode({"ticket": ticket, "person": "ada", "answer": "allow"}).encode()
    urllib.request.urlopen(urllib.parse.urljoin(url, "/authorize"), form).read()


async def person(_context, question):
    """Goes where the server leads."""
    assert question.mode == "url", question
    await asyncio.to_thread(sign_in, question.url)
    return ElicitResult(action="accept")


def server(way):
    """Says how to reach the server."""
    if way == "stdio":
        return StdioServerParameters(command=os.environ["MEMBRANE_BIN"], args=["mcp"], env=dict(os.environ))
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {os.environ['TOKEN']}"}, timeout=60)
    return streamable_http_client(f"{os.environ['API']}/mcp", http_client=http)


async def walk(way, mode):
    """Connects the sandbox, looks at it, and archives nothing."""
    async with Client(server(way), mode=mode, elicitation_callback=person) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        assert {"connect", "list-connections", "archive-connection"} <= tools, tools
        made = await client.call_tool("connect", {"integrationKey": "membrane-sandbox"})
        assert not made.is_error, made
        assert made.structured_content["state"] == "READY", made
        listed = await client.call_tool("list-connections", {})
        ids = [item["id"] for item in listed.structured_content["items"]]
        assert made.structured_content["id"] in ids, ids
        refused = await client.call_tool("archive-connection", {"connectionId": "nothing"})
        assert refused.is_error and refused.content[0].text.startswith("not_found"), refused


async def ask(way, mode):
    """Asks a person who is elsewhere: they connect in their browser, and the agent hears of it."""
    async with Client(server(way), mode=mode) as client:
        wish = {"integrationKey": "membrane-sandbox", "name": f"Asked {mode}"}
        asked = (await client.call_tool("request-connection", wish)).structured_content
        assert asked["status"] == "pending", asked
        browser = ["node", "../contract/browser/person.mjs", asked["url"], "oauth"]
        said = await asyncio.to_thread(subprocess.run, browser, capture_output=True, text=True)
        assert said.returncode == 0 and "asks to connect Membrane Sandbox" in said.stdout, said
        await asyncio.to_thread(until_answered, asked["requestId"])
        over = (await client.call_tool("check-connection-result", {"requestId": asked["requestId"]})).structured_content
        assert over["status"] == "success", over
        made = {"connectionId": over["resultConnectionId"]}
        connection = (await client.call_tool("get-connection", made)).structured_content
        assert connection["state"] == "READY", connection


def until_answered(request):
    """Waits at the API until a request has its answer."""
    address = f"{os.environ['API']}/connection-requests/{request}?wait=true&timeout=30"
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    urllib.request.urlopen(urllib.request.Request(address, headers=headers)).read()


async def main(way, scene):
    """Speaks both revisions."""
    for mode in ("2026-07-28", "legacy"):
        await {"walk": walk, "ask": ask}[scene](way, mode)


asyncio.run(main(*sys.argv[1:]))
