-- SPDX-License-Identifier: MIT
-- Prometheus' text format: escaping, numbers.

local exposition = require "sio.cli.exposition"

describe("exposition", function()
  it("writes families with help, type and samples", function()
    assert.equal([[
# HELP sio_clients Sessions
# TYPE sio_clients gauge
sio_clients{transport="polling"} 3
sio_clients{transport="websocket"} 0.5
# HELP sio_empty Nothing
# TYPE sio_empty counter
]], exposition.text {
      { name = "sio_clients", type = "gauge", help = "Sessions",
        { labels = exposition.label("transport", "polling"), value = 3 },
        { labels = exposition.label("transport", "websocket"), value = 0.5 } },
      { name = "sio_empty", type = "counter", help = "Nothing" },
    })
  end)

  it("escapes what would end a label or a line", function()
    assert.equal([[a="\"\\\n}"]], exposition.label("a", '"\\\n}'))
    assert.matches([[# HELP x a\\b\nc]], exposition.text {
      { name = "x", type = "gauge", help = "a\\b\nc" } }, 1, true)
  end)

  it("writes integers whole and fractions shortly", function()
    assert.matches("x 9007199254740993\nx 1e%-06\n", exposition.text {
      { name = "x", type = "gauge", help = "h", { labels = "", value = 9007199254740993 },
        { labels = "", value = 1e-6 } } })
  end)
end)
