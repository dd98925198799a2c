-- SPDX-License-Identifier: MIT
-- What the clients of the guide's blocks say (support/guide_drive.js): the arguments of events,
-- the requests to routes whose pattern is no path, and names that fit patterns of namespaces.
-- An event that is not here comes with "hello".

return {
  events = {
    add = { 1, 2 },
    ["chat message"] = { "hello", "client-1" },
    order = { 17, "id-1" },
    picture = { { _placeholder = true, num = 0 }, bytes = { 1, 2, 3 } },
  },
  requests = {
    ["/users/:id"] = { path = "/users/7?page=2" },
    ["/login"] = { body = "name=ann", headers = {
      ["Content-Type"] = "application/x-www-form-urlencoded" } },
    ["/docs/*page"] = { path = "/docs/a/b" },
  },
  namespaces = { "/game-7", "/user-ann" },
}
