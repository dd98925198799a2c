-- SPDX-License-Identifier: MIT
-- Requests to an engine's path from a spec: serve.lua with a function for snippets.
--
--     local got = ask(app, [[ return await poll("&x=1", { Origin: "http://a" }); ]])
--
-- ask(method, target, headers, body) -> { status, headers, lines, body }: `headers` of the answer
-- by lower-case name, `lines` all of them as [name, value]; when there is no answer, status 0 and
-- the error's code as body. poll(query, headers) and websocket(query, headers) are handshakes; of a
-- WebSocket `body` is its frames, up to the open packet and what globalThis.expected names.

local serve = require "support.serve"

local functions = [=[
  const http = await import("node:http");
  const ask = (method, target, headers = {}, body) => new Promise((resolve) => {
    const req = http.request(url + target, { method, headers, agent: false });
    const done = (res, text) => {
      const lines = [];
      for (let i = 0; i < res.rawHeaders.length; i += 2) {
        lines.push([res.rawHeaders[i].toLowerCase(), res.rawHeaders[i + 1]]);
      }
      resolve({ status: res.statusCode, headers: Object.fromEntries(lines), lines, body: text });
    };
    req.on("response", (res) => {
      let text = "";
      res.on("data", (chunk) => (text += chunk));
      res.on("end", () => done(res, text));
    });
    req.on("upgrade", (res, socket, head) => {
      let text = head.toString("latin1");
      const look = () => {
        if (!text.includes("maxPayload") || !text.includes(globalThis.expected ?? "")) return;
        socket.destroy();
        done(res, text);
      };
      socket.on("data", (chunk) => { text += chunk.toString("latin1"); look(); });
      look();
    });
    req.on("error", (error) => resolve({ status: 0, body: error.code }));
    req.end(body);
  });
  const key = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" };
  const path = "/socket.io/?EIO=4&transport=";
  const poll = (query = "", headers) => ask("GET", path + "polling" + query, headers);
  const websocket = (query = "", headers) =>
    ask("GET", path + "websocket" + query, { ...key, ...headers });
  const sid_of = (answer) => /"sid":"([^"]*)"/.exec(answer.body)[1];
]=]

return function(app, snippet)
  return serve(app, functions .. snippet)
end
