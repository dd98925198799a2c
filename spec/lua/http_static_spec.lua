-- SPDX-License-Identifier: MIT
-- Files of folders: what is served, conditional requests, parts, compressed variants.

local core = require "sio.core"
local host = require "sio.host"
local serve = require "support.serve"
local sio = require "sio"

local app, dir

-- A file long settled, so that its tag is strong.
local old, old_date = 999481600, "Mon, 03 Sep 2001 01:46:40 GMT"

local function write(name, content, mtime)
  local file = assert(io.open(dir .. "/" .. name, "w"))
  file:write(content)
  file:close()
  if mtime then assert(os.execute(("touch -d @%d '%s/%s'"):format(mtime, dir, name))) end
end

before_each(function()
  core.set_log_level "off"
  app = sio.server()
  dir = os.tmpname()
  os.remove(dir)
  assert(os.execute("mkdir -p " .. dir .. "/public/sub " .. dir .. "/public/.git"))
end)
after_each(function()
  serve.close(app)
  os.execute("rm -rf " .. dir)
  core.set_log_level "info"
end)

-- status, headers and body of each request
local function ask(requests)
  return serve(app, ([[
    const answers = [];
    for (const [path, options] of %s) answers.push(await request(path, options));
    return answers;
  ]]):format(sio.json.encode(requests)))
end

-- The same without fetch, which would decompress what it gets and resolve ".." itself.
local function ask_raw(requests)
  return serve(app, ([[
    const http = await import("node:http");
    const { port } = new URL(url);
    const answers = [];
    for (const [path, options] of %s) {
      answers.push(await new Promise((resolve, reject) => {
        http.get({ host: "127.0.0.1", port, path, ...options }, (res) => {
          let body = "";
          res.on("data", (data) => (body += data));
          res.on("end", () => resolve({ status: res.statusCode, headers: res.headers, body }));
        }).on("error", reject);
      }));
    }
    return answers;
  ]]):format(sio.json.encode(requests)))
end

local function with(path, headers)
  return { path, { headers = headers } }
end

-- { { status, path, headers }, ... }
local function check_statuses(cases)
  local requests = {}
  for i, case in ipairs(cases) do requests[i] = with(case[2], case[3]) end
  for i, answer in ipairs(ask(requests)) do
    assert.equal(cases[i][1], answer.status, "case " .. i .. ": " .. cases[i][2])
  end
end

describe("folders", function()
  it("serve their files and nothing else", function()
    write("secret.txt", "secret")
    write("public/index.html", "<p>index")
    write("public/a b.js", "js")
    write("public/.env", "hidden")
    write("public/.git/config", "hidden")
    write("public/sub/index.html", "sub")
    write("public/empty.css", "")
    host.base_dir = dir
    app:static("/files", "public")
    local a = ask {
      { "/files/" }, { "/files" }, { "/files/a%20b.js" }, { "/files/sub" }, { "/files/sub/?x=1" },
      { "/files/empty.css" }, { "/files/nope" }, { "/filesx/a" }, { "/files/.env" },
      { "/files/.git/config" }, { "/files/%2e%2e/secret.txt" }, { "/files/..%2fsecret.txt" },
      { "/files/..%5csecret.txt" }, { "/files/a%00b" }, { "/files/index.html/x" },
      { "/files/", { method = "POST" } }, { "/files/a%20b.js", { method = "HEAD" } },
      { "/files//sub/" },
    }
    assert.equal("<p>index", a[1].body)
    assert.equal("text/html; charset=utf-8", a[1].headers["content-type"])
    assert.equal(301, a[2].status)
    assert.equal("/files/", a[2].headers.location)
    assert.equal("js", a[3].body)
    assert.equal("text/javascript; charset=utf-8", a[3].headers["content-type"])
    assert.equal("nosniff", a[3].headers["x-content-type-options"])
    assert.equal("/files/sub/", a[4].headers.location)
    assert.equal("sub", a[5].body)
    assert.equal(200, a[6].status)
    for i = 7, 16 do assert.equal(404, a[i].status, "request " .. i) end
    assert.equal("2", a[17].headers["content-length"])
    assert.equal("", a[17].body)
    assert.equal("sub", a[18].body)
    local absolute = ask_raw { { "http://x/files/sub?y=1" } }
    assert.equal("/files/sub/?y=1", absolute[1].headers.location)
  end)

  it("never send a browser to another origin", function()
    assert(os.execute("mkdir -p " .. dir .. "/public/evil.example"))
    app:static("/", dir .. "/public")
    local a = ask { { "//evil.example" } }
    assert.equal("/evil.example/", a[1].headers.location)
  end)

  it("know what the client has", function()
    write("public/a.txt", "one", old)
    write("public/b.txt", "two!", old)
    app:static("/", dir .. "/public", { max_age = 60, immutable = true, index = false })
    local first = ask({ { "/a.txt" } })[1]
    assert.equal("public, max-age=60, immutable", first.headers["cache-control"])
    assert.equal("bytes", first.headers["accept-ranges"])
    assert.equal(old_date, first.headers["last-modified"])
    local tag = first.headers.etag
    assert.matches('^"[%x-]+"$', tag)
    local newer, before = "Mon, 03 Sep 2001 01:46:41 GMT", "Mon, 03 Sep 2001 01:46:39 GMT"
    check_statuses {
      { 304, "/a.txt", { ["If-None-Match"] = tag } },
      { 304, "/a.txt", { ["If-None-Match"] = '"x", W/' .. tag } },
      { 304, "/a.txt", { ["If-None-Match"] = "*" } },
      { 200, "/b.txt", { ["If-None-Match"] = tag } },
      { 304, "/a.txt", { ["If-Modified-Since"] = old_date } },
      { 304, "/a.txt", { ["If-Modified-Since"] = newer } },
      { 200, "/a.txt", { ["If-Modified-Since"] = before } },
      { 200, "/a.txt", { ["If-Modified-Since"] = "yesterday" } },
      { 200, "/a.txt", { ["If-Modified-Since"] = old_date, ["If-None-Match"] = '"x"' } },
      { 304, "/a.txt", { ["If-Modified-Since"] = before, ["If-None-Match"] = tag } },
      { 200, "/a.txt", { ["If-Match"] = tag } },
      { 412, "/a.txt", { ["If-Match"] = "W/" .. tag } },
      { 412, "/a.txt", { ["If-Match"] = '"x"' } },
      { 200, "/a.txt", { ["If-Match"] = "*" } },
      { 412, "/a.txt", { ["If-Unmodified-Since"] = before } },
      { 200, "/a.txt", { ["If-Unmodified-Since"] = old_date } },
      { 200, "/a.txt", { ["If-Unmodified-Since"] = before, ["If-Match"] = tag } },
      { 404, "/", {} },
    }
  end)

  it("have a weak tag while they are so young that it could name two contents", function()
    write("public/a.txt", "one", os.time() + 60) -- young, however slow this machine is
    app:static("/", dir .. "/public")
    local headers = ask({ { "/a.txt" } })[1].headers
    local tag = headers.etag
    assert.matches('^W/"[%x-]+"$', tag)
    check_statuses {
      { 200, "/a.txt", { Range = "bytes=0-0", ["If-Range"] = headers["last-modified"] } },
      { 304, "/a.txt", { ["If-None-Match"] = tag } },
      { 412, "/a.txt", { ["If-Match"] = tag } },
      { 200, "/a.txt", { Range = "bytes=0-0", ["If-Range"] = tag } },
    }
  end)

  it("are sent in parts", function()
    write("public/a.txt", "0123456789", old)
    write("public/empty.txt", "", old)
    app:static("/", dir .. "/public")
    local tag = ask({ { "/a.txt" } })[1].headers.etag
    local cases = {
      { "bytes=0-0", "0", "bytes 0-0/10" }, { "bytes=2-4", "234", "bytes 2-4/10" },
      { "bytes=7-", "789", "bytes 7-9/10" }, { "bytes=-3", "789", "bytes 7-9/10" },
      { "bytes=-99", "0123456789", "bytes 0-9/10" }, { "BYTES=9-99", "9", "bytes 9-9/10" },
      { "bytes=0-99999999999999999999999999", "0123456789", "bytes 0-9/10" },
    }
    local requests = {}
    for i, case in ipairs(cases) do requests[i] = with("/a.txt", { Range = case[1] }) end
    for i, answer in ipairs(ask(requests)) do
      assert.equal(206, answer.status, cases[i][1])
      assert.equal(cases[i][2], answer.body)
      assert.equal(cases[i][3], answer.headers["content-range"])
      assert.equal(tostring(#cases[i][2]), answer.headers["content-length"])
      assert.equal("text/plain; charset=utf-8", answer.headers["content-type"])
      assert.equal(tag, answer.headers.etag)
    end
    check_statuses {
      { 416, "/a.txt", { Range = "bytes=10-" } }, { 416, "/a.txt", { Range = "bytes=-0" } },
      { 416, "/a.txt", { Range = "bytes=99999999999999999999-" } },
      { 200, "/a.txt", { Range = "bytes=4-2" } }, { 200, "/a.txt", { Range = "bytes=-" } },
      { 200, "/a.txt", { Range = "bytes=a-b" } }, { 200, "/a.txt", { Range = "bytes" } },
      { 200, "/a.txt", { Range = "lines=0-1" } }, { 200, "/a.txt", { Range = "bytes=0-1,3-4" } },
      { 200, "/a.txt", { Range = "bytes=0x1-2" } },
      { 200, "/empty.txt", { Range = "bytes=0-" } }, { 200, "/empty.txt", { Range = "bytes=-1" } },
      { 206, "/a.txt", { Range = "bytes=1-2", ["If-Range"] = tag } },
      { 200, "/a.txt", { Range = "bytes=1-2", ["If-Range"] = '"x"' } },
      { 200, "/a.txt", { Range = "bytes=1-2", ["If-Range"] = "W/" .. tag } },
      { 206, "/a.txt", { Range = "bytes=1-2", ["If-Range"] = old_date } },
      { 200, "/a.txt", { Range = "bytes=1-2", ["If-Range"] = "Mon, 03 Sep 2001 01:46:41 GMT" } },
      { 304, "/a.txt", { Range = "bytes=1-2", ["If-None-Match"] = tag } },
    }
    local a = ask {
      with("/a.txt", { Range = "bytes=10-" }),
      { "/a.txt", { method = "HEAD", headers = { Range = "bytes=1-2" } } },
    }
    assert.equal("bytes */10", a[1].headers["content-range"])
    assert.equal(200, a[2].status)
    assert.equal("10", a[2].headers["content-length"])
  end)

  it("have compressed variants", function()
    write("public/a.js", "plain", old)
    write("public/a.js.br", "brotli", old)
    write("public/a.js.gz", "zipped", old)
    write("public/b.js", "plain", old)
    write("public/b.js.gz", "zipped", old)
    write("public/c.js", "plain", old)
    assert(os.execute("mkdir " .. dir .. "/public/c.js.gz"))
    write("public/d.js.gz", "zipped", old)
    app:static("/", dir .. "/public")
    local cases = {
      { "/a.js", "gzip, br", "brotli", "br" }, { "/a.js", "gzip", "zipped", "gzip" },
      { "/a.js", "br;q=0, *", "zipped", "gzip" }, { "/a.js", "identity", "plain", nil },
      { "/b.js", "br, gzip", "zipped", "gzip" }, { "/c.js", "gzip", "plain", nil },
      { "/b.js", "gzip;q=0", "plain", nil },
    }
    local tags, requests = {}, {}
    for i, case in ipairs(cases) do
      requests[i] = with(case[1], { ["Accept-Encoding"] = case[2] })
    end
    for i, answer in ipairs(ask_raw(requests)) do
      local case = cases[i]
      assert.equal(case[3], answer.body, case[1] .. " " .. case[2])
      assert.equal(case[4], answer.headers["content-encoding"])
      assert.equal("text/javascript; charset=utf-8", answer.headers["content-type"])
      assert.equal(case[1] ~= "/c.js" and "Accept-Encoding" or nil, answer.headers.vary)
      tags[i] = answer.headers.etag
    end
    assert.not_equal(tags[1], tags[2])
    assert.not_equal(tags[2], tags[4])
    assert.equal(404, ask_raw({ with("/d.js", { ["Accept-Encoding"] = "gzip" }) })[1].status)
  end)

  it("treat hidden files as they are told", function()
    write("public/.env", "hidden")
    assert(os.execute("mkdir " .. dir .. "/public/.well-known"))
    write("public/.well-known/a", "known")
    app:static("/ignore", dir .. "/public")
    app:static("/deny", dir .. "/public", { dotfiles = "deny" })
    app:static("/allow", dir .. "/public", { dotfiles = "allow" })
    check_statuses {
      { 404, "/ignore/.env", {} }, { 403, "/deny/.env", {} }, { 200, "/allow/.env", {} },
      { 200, "/ignore/.well-known/a", {} }, { 200, "/deny/.well-known/a", {} },
    }
    write("secret.txt", "secret")
    local a = ask_raw {
      with("/allow/../secret.txt"), with("/allow/%2e%2e/secret.txt"), with("/allow/%2e/.env"),
      with("/allow/..%2fsecret.txt"), with("/allow/sub/..%2f..%2fsecret.txt"),
      with("/ignore/../secret.txt"), with("/ignore//../secret.txt"), with("/deny/../secret.txt"),
    }
    for i, answer in ipairs(a) do assert.equal(404, answer.status, "request " .. i) end
  end)

  it("may be looked for in several folders, or in one alone", function()
    assert(os.execute("mkdir " .. dir .. "/more"))
    write("more/b.txt", "more")
    app:static("/x", dir .. "/public", { fallthrough = false })
    app:static("/x", dir .. "/more")
    app:static("/y", dir .. "/public")
    app:static("/y", dir .. "/more")
    check_statuses { { 404, "/x/b.txt", {} }, { 200, "/y/b.txt", {} } }
  end)

  it("that are no files are not served", function()
    assert(os.execute("mkfifo " .. dir .. "/public/pipe"))
    app:static("/", dir .. "/public")
    check_statuses { { 404, "/pipe", {} } }
  end)

  it("come after routes, in their order", function()
    write("public/a.txt", "file")
    write("public/b.txt", "file")
    app:static("/", dir .. "/public")
    app:get("/a.txt", function() return "route" end)
    local a = ask { { "/a.txt" }, { "/b.txt" } }
    assert.equal("route", a[1].body)
    assert.equal("file", a[2].body)
  end)

  it("are not said to be missing when too many are open", function()
    app:static("/", dir .. "/public")
    local open = core.file_open
    core.file_open = function() return nil, "busy" end
    finally(function() core.file_open = open end)
    local a = ask { { "/a" } }
    assert.same({ 503, "1" }, { a[1].status, a[1].headers["retry-after"] })
  end)

  it("do not keep a closing server open", function()
    write("public/big", ("x"):rep(8000000))
    app:static("/", dir .. "/public")
    app:get("/drop", function()
      core.server_drop_requests(app)
      return "dropped"
    end)
    local got = serve(app, [[
      const { connect } = await import("node:net");
      const { once } = await import("node:events");
      const socket = connect(new URL(url).port, "127.0.0.1");
      socket.write("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
      let got = (await once(socket, "data"))[0].length;
      socket.pause();
      await request("/drop");
      socket.on("data", (data) => (got += data.length));
      socket.resume();
      await once(socket, "close");
      return got;
    ]])
    assert.is_true(got > 0 and got < 8000000)
  end)

  it("say what is wrong with their options", function()
    assert.error_matches(function() app:static("x", dir) end, "prefix begins with '/'")
    local log, said = core.log, nil
    core.log = function(level, text) said = level .. " " .. text end
    app:static("/", "/nowhere/at all")
    core.log = log
    assert.equal("warn static: there is no folder /nowhere/at all", said)
    assert.error_matches(function() app:static("/", dir, { maxage = 1 }) end,
      "unknown option 'static.maxage' %(did you mean 'max_age'%?%)")
    assert.error_matches(function() app:static("/", dir, { index = 1 }) end,
      "'static.index': string or boolean expected")
    assert.error_matches(function() app:static("/", dir, { index = true }) end,
      "file name or false")
    assert.error_matches(function() app:static("/", dir, { dotfiles = "denny" }) end,
      'unknown policy "denny" %(did you mean "deny"%?%)')
    assert.error_matches(function() app:static("/", dir, { max_age = 1e9 }) end,
      "seconds, not milliseconds")
  end)
end)
