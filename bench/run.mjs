// SPDX-License-Identifier: MIT
// make bench: server CPU time per message, sio-lua beside Node's socket.io, interleaved in one run.
// The server has core 0, this generator core 1; every answer is checked. Writes bench/RESULTS.md.
import { spawn, execSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { connect, connectAll, frame } from "./client.mjs";

const here = path.dirname(new URL(import.meta.url).pathname);
const rounds = Number(process.env.ROUNDS ?? 5);
const idle = Number(process.env.IDLE ?? 10000);
const TICK_US = 1e6 / Number(execSync("getconf CLK_TCK"));

const env = {
  ...process.env,
  LUA_PATH: `${here}/../lua/?.lua;${here}/../lua/?/init.lua;;`,
  LUA_CPATH: `${here}/../lua/?.so;;`,
};
const servers = {
  "sio-lua": ["lua5.4", [`${here}/apps/app.lua`]],
  "node-ws": ["node", [`${here}/apps/peer.mjs`]],
};

function start(name) {
  const [command, args] = servers[name];
  const stdio = ["ignore", "ignore", "pipe"];
  const child = spawn("taskset", ["-c", "0", command, ...args], { env, stdio });
  return new Promise((resolve, reject) => {
    let text = "";
    child.on("exit", (code) => reject(new Error(`${name} ended (${code}): ${text}`)));
    child.stderr.on("data", (data) => {
      text += data;
      const match = text.match(/http:\/\/localhost:(\d+)/);
      if (match) resolve({ child, port: Number(match[1]) });
    });
  });
}

function stop({ child }) {
  return new Promise((resolve) => {
    child.removeAllListeners("exit");
    child.on("exit", resolve);
    child.kill("SIGKILL");
  });
}

// User and system time of the process, µs (proc(5): fields 14 and 15).
function cpu({ child }) {
  const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

function anonymousBytes({ child }) {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return Number(status.match(/RssAnon:\s+(\d+)/)[1]) * 1024;
}

const TEXT = "hello, world 0123456789";

// Each client keeps one acknowledged emit outstanding until `total` were answered.
async function echo(server, { clients: n, total }) {
  const clients = await connectAll(server.port, n);
  const before = cpu(server);
  await new Promise((resolve, reject) => {
    let sent = 0;
    let answered = 0;
    for (const client of clients) {
      let id = -1;
      const next = () => sent++ < total && client.send(frame(`42${++id}["echo","${TEXT}"]`));
      client.onEvent = (payload) => {
        if (payload.toString() !== `43${id}["${TEXT}"]`)
          return reject(new Error(`wrong answer ${payload}`));
        if (++answered === total) resolve();
        next();
      };
      next();
    }
  });
  const used = cpu(server) - before;
  clients.forEach((client) => client.close());
  return used / total;
}

// One client says something, everybody hears it; the next is said when all have.
async function broadcast(server, { clients: n, total }) {
  const clients = await connectAll(server.port, n);
  const before = cpu(server);
  await new Promise((resolve, reject) => {
    let round = 0;
    let heard = 0;
    const say = () => clients[0].send(frame(`42["say",${round}]`));
    for (const client of clients) {
      client.onEvent = (payload) => {
        if (payload.toString() !== `42["said",${round}]`)
          return reject(new Error(`wrong event ${payload}`));
        if (++heard < n) return;
        heard = 0;
        if (++round === total) return resolve();
        say();
      };
    }
    say();
  });
  const used = cpu(server) - before;
  clients.forEach((client) => client.close());
  return used / (total * n);
}

async function memory(server, { clients: n }) {
  await connect(server.port);
  const before = anonymousBytes(server);
  const clients = await connectAll(server.port, n);
  const used = anonymousBytes(server) - before;
  clients.forEach((client) => client.close());
  return used / n;
}

const works = [
  {
    name: "echo with ack, 100 clients, 1 outstanding each",
    unit: "µs CPU per round trip",
    run: echo,
    clients: 100,
    total: 40000,
  },
  {
    name: "broadcast to a room, 1,000 clients, one at a time",
    unit: "µs CPU per delivery",
    run: broadcast,
    clients: 1000,
    total: 100,
  },
  {
    name: `memory per idle connection, ${idle.toLocaleString("en")} connections`,
    unit: "bytes (RssAnon)",
    run: memory,
    clients: idle,
  },
];

const sorted = (list) => [...list].sort((a, b) => a - b);
const median = (list) => sorted(list)[Math.floor(list.length / 2)];
const show = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(2));

const cell = (list) => {
  const [least, most] = [sorted(list)[0], sorted(list).at(-1)];
  return `${show(median(list))} (${show(least)}–${show(most)})`;
};

const rows = [];
for (const work of works) {
  const measured = Object.fromEntries(Object.keys(servers).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of Object.keys(servers)) {
      const server = await start(name);
      measured[name].push(await work.run(server, work));
      await stop(server);
    }
  }
  const [ours, peer] = Object.values(measured);
  const ratio = (median(ours) / median(peer)).toFixed(2);
  rows.push(`| ${work.name} | ${work.unit} | ${cell(ours)} | ${cell(peer)} | ${ratio} |`);
  console.log(rows.at(-1));
}

const version = (command) => execSync(command, { cwd: here }).toString().trim();
const commit = version("git rev-parse --short HEAD");
const manifest = readFileSync(`${here}/node_modules/socket.io/package.json`);
const peerVersion = JSON.parse(manifest).version;
writeFileSync(
  `${here}/RESULTS.md`,
  `# Measured

Written by \`make bench\`: ${rounds} interleaved rounds, medians (least to most). The server runs on
core 0, the generator (Node, pre-rendered frames, every answer checked) on core 1. Compare the
ratio, not the figures: such machines are noisy.

${os.cpus()[0].model}, ${os.cpus().length} cores, Linux ${os.release()};
Node ${process.version}, socket.io ${peerVersion} with ws; commit ${commit}.

| work | unit | sio-lua | node-ws | ratio |
|---|---|---|---|---|
${rows.join("\n")}
`,
);
