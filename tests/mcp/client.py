"""Connects with a second client that others wrote, in both revisions; it checks every result against its schema."""

import asyncio
import os
import re
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


async def main(way):
    """Speaks both revisions."""
    await walk(way, "2026-07-28")
    await walk(way, "legacy")


asyncio.run(main(sys.argv[1]))
