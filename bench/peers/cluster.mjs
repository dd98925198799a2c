// SPDX-License-Identifier: MIT
// node-cluster: the official way to several processes, WORKERS of them, as the two packages'
// READMEs say it.
import cluster from "node:cluster";
import http from "node:http";
import { createAdapter, setupPrimary } from "@socket.io/cluster-adapter";
import { setupMaster, setupWorker } from "@socket.io/sticky";
import { Server } from "socket.io";
import { serve } from "./app.mjs";
import { listen } from "./http.mjs";

function primary() {
  const server = http.createServer();
  setupMaster(server, { loadBalancingMethod: "least-connection" });
  setupPrimary();
  cluster.setupPrimary({ serialization: "advanced" });
  let missing = Number(process.env.WORKERS);
  for (let i = missing; i > 0; i--) {
    cluster.fork().on("message", (message) => {
      if (message === "ready" && --missing === 0) listen(server);
    });
  }
}

function worker() {
  const io = new Server(http.createServer());
  io.adapter(createAdapter());
  setupWorker(io);
  serve(io);
  process.send("ready");
}

if (cluster.isPrimary) primary();
else worker();
