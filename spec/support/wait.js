// SPDX-License-Identifier: MIT
// Waiting for what must happen, with a limit and a reason; no test sleeps and hopes.

const limitMs = 20000; // of a machine that is busy with other things

// The first emission of one event, as the list of its arguments.
export function nextEvent(emitter, event, ms = limitMs) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      emitter.off(event, onEvent);
      reject(new Error(`no "${event}" within ${ms / 1000} s`));
    }, ms);
    function onEvent(...args) {
      clearTimeout(timer);
      emitter.off(event, onEvent);
      resolve(args);
    }
    emitter.on(event, onEvent);
  });
}

const oneOrAll = (...args) => (args.length === 1 ? args[0] : args);

// Everything that one event brings from now on, as `pick` sees it (default: the argument, or the
// list of them); `until(n)` resolves when there are n of them.
export class Inbox {
  constructor(emitter, event, pick = oneOrAll) {
    this.event = event;
    this.items = [];
    this.waiting = [];
    emitter.on(event, (...args) => {
      this.items.push(pick(...args));
      this.waiting = this.waiting.filter((w) => this.items.length < w.count || w.resolve());
    });
  }

  until(count, ms = limitMs) {
    if (this.items.length >= count) return Promise.resolve(this.items);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${this.items.length} of ${count} "${this.event}" in ${ms / 1000} s`));
      }, ms);
      this.waiting.push({
        count,
        resolve: () => {
          clearTimeout(timer);
          resolve(this.items);
        },
      });
    });
  }
}

// Asks again until the answer is true; for states of the system that announce themselves to nobody.
export async function eventually(what, probe, ms = limitMs) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not come true within ${ms / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
