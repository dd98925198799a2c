-- SPDX-License-Identifier: MIT
-- The option tls: what is wrong with a certificate is said in one line, where the server is made.

local banner = require "sio.banner"
local options = require "sio.options"
local sio = require "sio"

describe("tls", function()
  local dir

  local function openssl(...)
    local command = ("cd %s && openssl %s >/dev/null 2>&1"):format(dir, string.format(...))
    assert(os.execute(command), command)
  end

  local function text(name)
    local file = assert(io.open(dir .. "/" .. name))
    local all = file:read "a"
    file:close()
    return all
  end

  lazy_setup(function()
    dir = os.tmpname()
    os.remove(dir)
    assert(os.execute("mkdir " .. dir))
    local make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 2 -subj /CN=%s "
      .. "-keyout %s.key -out %s.crt %s"
    for _, name in ipairs { "one", "two" } do openssl(make, name, name, name, "-nodes") end
    openssl(make, "secret", "secret", "secret", "-passout pass:sesame")
  end)

  lazy_teardown(function() os.execute("rm -r " .. dir) end)

  local function refuses(tls, pattern)
    local ok, err = pcall(function() return sio.server { tls = tls } end)
    assert.is_false(ok)
    assert.matches("^[^\n]*tls_spec%.lua:%d+: " .. pattern, err)
  end

  local function file(name) return dir .. "/" .. name end

  it("needs a certificate and its key", function()
    refuses({ key = "k" }, "option 'tls.cert': a file or a PEM text expected")
    refuses({ cert = "c" }, "option 'tls.key': a file or a PEM text expected")
    refuses({ certs = "c" }, "unknown option 'tls.certs' %(did you mean 'cert'%?%)")
    refuses({ cert = 1 }, "option 'tls.cert': string expected, got number")
    refuses({ cert = file "none", key = file "one.key" },
      "option 'tls.cert': .*/none: No such file")
    refuses({ cert = dir, key = file "one.key" }, "option 'tls.cert': .*: Is a directory")
    refuses({ cert = file "one.key", key = file "one.key" },
      "option 'tls.cert': /.*/one.key: no certificate in PEM format")
    refuses({ cert = file "one.crt", key = file "two.key" },
      "option 'tls.key': /.*/two.key: does not match the certificate")
  end)

  it("says when the passphrase is missing or wrong", function()
    refuses({ cert = file "secret.crt", key = file "secret.key" },
      "option 'tls.key': .*: is encrypted, and there is no passphrase")
    refuses({ cert = file "secret.crt", key = text "secret.key", passphrase = "guess" },
      "option 'tls.key': wrong passphrase")
    sio.server { tls = {
      cert = file "secret.crt", key = file "secret.key", passphrase = "sesame",
    } }:close()
  end)

  it("checks versions, ciphers and authorities", function()
    local cert, key = file "one.crt", text "one.key"
    refuses({ cert = cert, key = key, min_version = "1.1" }, 'option \'tls.min_version\': unknown')
    refuses({ cert = cert, key = key, ciphers = "ROT13" }, "option 'tls.ciphers': no cipher match")
    refuses({ cert = cert, key = key, ca = cert }, "option 'tls.ca': tls.ca and tls.request_cert")
    refuses({ cert = cert, key = key, request_cert = true }, "option 'tls.request_cert': ")
    refuses({ cert = cert, key = key, request_cert = true, ca = file "one.key" },
      "option 'tls.ca': /.*/one.key: no certificate")
    sio.server { tls = { cert = cert, key = key, ca = cert, request_cert = true } }:close()
  end)

  it("is not there unless it is asked for", function()
    assert.is_nil(options.server().tls)
    assert.equal("http://localhost:80", banner.url(nil, 80, false))
    assert.equal("https://[::1]:443", banner.url("::1", 443, true))
  end)
end)
