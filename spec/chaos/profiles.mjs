// SPDX-License-Identifier: MIT
// How much of everything: the full run, and the short one for every change.

import { faults } from "./faults.mjs";

const sanitized = process.env.SIO_PRELOAD !== undefined; // what is freed is kept then

const common = {
  workers: 4,
  consumers: 24,
  producers: 4,
  slow: 2, // readers
  hold: { least: 2, most: 6, rest: 2 }, // seconds of a fault that has no length of its own
  moves: 2, // changes of a room per second
  rate: 200, // messages per second, of all producers
  quiet: { first: 5, last: 8 }, // seconds
  // Kilobytes, which malloc keeps of a backlog, and descriptors.
  slack: { rss: sanitized ? 1e6 : 8192, fds: 4 },
  tls: false,
  env: {},
  args: ["--heartbeat-timeout", "2", "--drain", "2"],
};

export function fullProfile({ seconds = 150, ...more } = {}) {
  return { ...common, seconds, faults: Object.keys(faults), ...more };
}

export function shortProfile(more = {}) {
  return {
    ...common, seconds: 20, rate: 100, quiet: { first: 5, last: 7 },
    hold: { least: 1, most: 1.5, rest: 0.8 },
    faults: ["kill a worker", "reset half", "reload"],
    args: ["--drain", "1"],
    env: { PING_TIMEOUT: "10" }, // nothing goes silent here but on a machine that is too busy
    ...more,
  };
}
