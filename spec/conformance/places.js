// SPDX-License-Identifier: MIT
// Where every protocol table runs: over HTTP and over TLS, with one worker and with four. A case
// is [name, how to see it, order?]; `order` says why the case holds only when two connections
// are heard in the order in which the client wrote to them. One worker hears them so. Several
// may not, and there such a case is skipped, with its reason in the output.

import { after, afterEach, before, describe, it } from "node:test";
import { startServer, workerCounts } from "../support/server.js";
import { Wire } from "../support/wire.js";

const places = [];
for (const workers of workerCounts(1, 4)) {
  for (const tls of [false, true]) places.push({ workers, tls });
}

// `app` of spec/support/apps; `path` and `eio` as for Wire; a case gets the Wire and `argument`.
export function everywhere(title, { app, path, eio, argument }, cases) {
  for (const { workers, tls } of places) {
    const place = `${tls ? "TLS" : "HTTP"}, ${workers === 1 ? "one worker" : `${workers} workers`}`;
    describe(`${title}, ${place}`, { timeout: 90000 }, () => {
      let server, wire;
      before(async () => {
        server = await startServer(app, { workers, tls });
        wire = new Wire(server.url, path, eio);
      });
      afterEach(() => wire?.close());
      after(() => server?.stop());

      for (const [name, run, order] of cases) {
        it(name, { skip: workers > 1 && order }, () => run(wire, argument));
      }
    });
  }
}
