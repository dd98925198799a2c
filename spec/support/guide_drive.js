// SPDX-License-Identifier: MIT
// The clients of a block of the guide, as the body of a snippet (support/guide_run.lua): they
// connect wherever they can, send each event that somebody listens for and ask each route once,
// answer whatever is asked, come late, come without a token, and leave. The server says what there
// is, and when every line of the block has been reached.

const known = { token: "secret", username: "ann", serverOffset: 0 };
const done = new Set();
const clients = {};
let quiet = 0; // rounds without anything new

async function join(nsp, path, auth) {
  const c = await client(auth, nsp, path).catch(() => undefined);
  if (!c || c.error) return; // refused
  (clients[nsp] ??= []).push(c);
  const answer = (event, id) => id !== undefined && c.answer({ ackId: id }, "yes");
  for (const event of c.events) answer(event, event.ackId);
  const { arrive } = c;
  c.arrive = (event, id) => {
    answer(event, id);
    arrive.call(c, event, id);
  };
}

function once(key, fn) {
  if (done.has(key)) return;
  done.add(key);
  quiet = 0;
  return fn();
}

// Resolves when the event was handled, or at least begun.
function say(c, { event, args, bytes }) {
  if (bytes) return c.emitBinary(bytes, event, ...args);
  const begun = new Promise((resolve) => setTimeout(resolve, 30));
  return Promise.race([c.ask(event, ...args), begun]);
}

async function meet({ namespaces, events, requests, path }) {
  for (const nsp of namespaces) {
    await once(nsp, () => Promise.all([join(nsp, path, known), join(nsp, path, known)]));
  }
  for (const one of events) {
    await once(`${one.nsp} ${one.event}`, () => say(clients[one.nsp][0], one));
  }
  for (const { path: target, ...how } of requests) {
    await once(`${how.method} ${target}`, () => request(target, how));
  }
  if (quiet === 5) await Promise.all(namespaces.map((nsp) => join(nsp, path, known)));
  if (quiet === 6) await Promise.all(namespaces.map((nsp) => join(nsp, path)));
  if (quiet === 7) for (const one of events) await say(clients[one.nsp].at(-1), one);
}

const all = () => Object.values(clients).flat();

for (;;) {
  const plan = JSON.parse((await request("/guide/plan")).body);
  if (plan.left.length === 0 || quiet > 60) break; // who has not been reached will not be
  await meet(plan);
  quiet++;
  if (quiet === 10) for (const [, c] of Object.values(clients)) await c?.post(`41${c.prefix}`);
  if (quiet === 15) for (const c of all()) await c.post("1");
  await new Promise((resolve) => setTimeout(resolve, 10));
}
