// SPDX-License-Identifier: MIT
// The checker on small histories: each of its invariants is seen broken, and what looks like a
// break and is none is let pass.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { check } from "./checker.mjs";
import { describeViolation } from "./report.mjs";

// A history in the making: every line is 10 ms behind the one before.
class Story {
  constructor(clients = ["a", "b"]) {
    this.t = 0;
    this.place = 0;
    this.places = new Map();
    this.lines = [];
    const limits = { connectMs: 5000, drainMs: 2000, slack: { rss: 100, fds: 2 } };
    this.say("run", { seed: "s", seconds: 1, workers: [1], clients, limits });
    for (const client of clients) this.conn(client).in(client, "red");
  }

  say(op, fields = {}) {
    this.lines.push({ t: (this.t += 10), op, ...fields });
    return this;
  }

  wait(ms) {
    this.t += ms;
    return this;
  }

  conn(client, recovered = false, sid = `${client}-1`) {
    return this.say("conn", { client, sid, recovered });
  }

  in(client, room) {
    return this.say("join", { client, room }).say("joined", { client, room });
  }

  out(client, room) {
    return this.say("leave", { client, room }).say("left", { client, room });
  }

  disc(client) {
    return this.say("disc", { client, reason: "transport close" });
  }

  send(id, room = "red") {
    this.places.set(id, (this.place += 16));
    return this.say("send", { id, by: id.split(".")[0], from: `${id.split(".")[0]}-s`, room });
  }

  sent(id, room) {
    return this.send(id, room).say("ok", { id });
  }

  recv(client, ...ids) {
    for (const id of ids) {
      this.say("recv", { client, id, place: `e:${(this.places.get(id) ?? 7).toString(16)}` });
    }
    return this;
  }

  end() {
    return this.say("quiet").say("still").say("end");
  }

  get broken() {
    return check(this.lines).violations.map(({ invariant }) => invariant);
  }
}

const breaks = (story, ...expected) => assert.deepEqual(story.broken, expected);
const both = (story, id) => story.sent(id).recv("a", id).recv("b", id);

describe("a sound history", () => {
  it("breaks nothing, and is counted", () => {
    const story = new Story();
    both(both(story, "p.1"), "p.2").end();
    const { violations, counts } = check(story.lines);
    assert.deepEqual(violations, []);
    assert.equal(counts.sent, 2);
    assert.equal(counts.acknowledged, 2);
    assert.equal(counts.delivered, 4);
  });

  it("may have a gap, whose messages come before the CONNECT", () => {
    const story = both(new Story(), "p.1").disc("a");
    story.sent("p.2").recv("b", "p.2").recv("a", "p.2").conn("a", true);
    both(story, "p.3").end();
    breaks(story);
    const { counts } = check(story.lines);
    assert.equal(counts.recovered, 1);
    assert.equal(counts.maxGapMs, 50);
  });

  it("owes nothing to who came later, has left or is about to", () => {
    const story = new Story().out("a", "red").sent("p.1").recv("b", "p.1").in("a", "red");
    story.send("p.2").say("leave", { client: "a", room: "red" }).say("ok", { id: "p.2" });
    breaks(story.recv("b", "p.2").end());
  });

  it("may have fresh sessions, who miss what was behind their last message", () => {
    const story = both(new Story(), "p.1");
    story.sent("p.2").recv("b", "p.2").disc("a").sent("p.3").recv("b", "p.3");
    story.conn("a", false, "a-2").in("a", "red");
    breaks(both(story, "p.4").end());
    assert.equal(check(story.lines).counts.refused, 1);
  });

  it("may lose for all what was not acknowledged", () => {
    const story = new Story().send("p.1").say("info", { id: "p.1" }).end();
    breaks(story);
    assert.equal(check(story.lines).counts.lostUnknown, 1);
  });
});

describe("I1", () => {
  it("an acknowledged message that one member did not get", () => {
    breaks(both(new Story().sent("p.1").recv("a", "p.1"), "p.2").end(), "I1");
  });

  it("an acknowledged message that nobody got", () => {
    breaks(new Story().sent("p.1").end(), "I1", "I1");
  });

  it("a message before the last one of a session that was not recovered", () => {
    const story = new Story().sent("p.1").sent("p.2").recv("a", "p.2").recv("b", "p.1", "p.2");
    breaks(story.disc("a").conn("a", false, "a-2").end(), "I1");
  });

  it("a message to a single socket", () => {
    breaks(new Story().sent("p.1", "a-1").end(), "I1");
  });
});

describe("I2", () => {
  it("two of one sender out of order", () => {
    const story = new Story().sent("p.1").sent("p.2").recv("a", "p.1", "p.2");
    story.recv("b", "p.2", "p.1").end();
    assert.deepEqual([...new Set(story.broken)], ["I2"]);
  });

  it("two of two senders, in another order at another client", () => {
    const story = new Story().sent("p.1").sent("q.1").recv("a", "p.1", "q.1");
    breaks(story.recv("b", "q.1", "p.1").end(), "I2");
  });

  it("one message with two places", () => {
    const story = new Story().sent("p.1").recv("a", "p.1");
    story.places.set("p.1", 4096);
    breaks(story.recv("b", "p.1").end(), "I2");
  });
});

describe("I3", () => {
  it("what nobody has sent", () => breaks(new Story().recv("a", "x.1").end(), "I3"));

  it("what is not as it was sent", () => {
    const story = new Story(["a"]).sent("p.1");
    story.say("recv", { client: "a", id: "p.1", place: "e:10", broken: true }).end();
    assert.equal(story.broken.includes("I3"), true);
  });

  it("what was for another room, or was sent after leaving it", () => {
    breaks(new Story(["a"]).sent("p.1", "blue").recv("a", "p.1").end(), "I3");
    breaks(new Story(["a"]).out("a", "red").sent("p.1").recv("a", "p.1").end(), "I3");
    breaks(new Story(["a"]).sent("p.1", "blue").in("a", "blue").recv("a", "p.1").end(), "I3");
  });
});

describe("I4", () => {
  it("twice in a row", () => {
    breaks(both(new Story(), "p.1").recv("a", "p.1").end(), "I4");
  });

  it("once more in a recovery, or in a fresh session", () => {
    const again = (recovered, sid) => both(new Story(), "p.1").disc("a").recv("a", "p.1")
      .conn("a", recovered, sid).end();
    breaks(again(true), "I4");
    breaks(again(false, "a-2"), "I4");
  });
});

describe("I5", () => {
  it("a recovery without what was missed", () => {
    const story = both(new Story(), "p.1").disc("a").sent("p.2").recv("b", "p.2");
    breaks(both(story.conn("a", true), "p.3").end(), "I5");
  });

  it("a recovery as somebody else", () => {
    breaks(new Story().disc("a").conn("a", true, "a-2").end(), "I5");
  });
});

describe("I5 of data", () => {
  const answered = (story, count) => story.say("leave", { client: "a", room: "blue" })
    .say("left", { client: "a", room: "blue", count });
  const unanswered = (story) => story.say("leave", { client: "a", room: "blue" });

  it("counts on, over recoveries and unanswered asks", () => {
    const story = answered(answered(new Story(), 2), 3).disc("a").conn("a", true);
    answered(unanswered(unanswered(answered(story, 4))), 5);
    breaks(answered(story, 6).disc("a").conn("a", false, "a-2"));
    breaks(answered(story, 1).end());
  });

  it("goes back, or too far", () => {
    breaks(answered(answered(new Story(), 2), 2), "I5");
    breaks(answered(answered(new Story(), 2), 4), "I5");
    breaks(answered(answered(new Story(), 2).disc("a").conn("a", true), 1), "I5");
  });
});

describe("I6", () => {
  it("what was not acknowledged reaches some and not all", () => {
    const story = new Story().send("p.1").say("info", { id: "p.1" }).recv("a", "p.1");
    breaks(both(story, "p.2").end(), "I6");
  });

  it("what was refused reaches somebody", () => {
    const story = new Story(["a"]).send("p.1").say("fail", { id: "p.1" }).recv("a", "p.1");
    breaks(story.end(), "I6");
  });
});

describe("I7", () => {
  it("somebody is not back in time", () => {
    const story = new Story().disc("a").say("quiet").wait(5000).say("still").say("end");
    breaks(story, "I7");
  });

  it("somebody is disconnected when no fault is left", () => {
    breaks(new Story().say("quiet").wait(5000).say("still").disc("b").conn("b", true), "I7");
  });

  it("something comes too late", () => {
    const story = new Story().sent("p.1").recv("a", "p.1").say("quiet").say("still").wait(2000);
    breaks(story.recv("b", "p.1").say("end"), "I7");
  });
});

describe("I8", () => {
  it("memory or descriptors are kept", () => {
    const vitals = (when, rss, fds) => ({ when, rss, fds });
    const grown = (rss, fds) => new Story().say("vitals", vitals("before", 1000, 50))
      .say("vitals", vitals("after", rss, fds)).end();
    breaks(grown(1200, 57));
    breaks(grown(1201, 57), "I8");
    breaks(grown(1200, 58), "I8");
  });
});

describe("the trace", () => {
  it("has the message, the gap around it and the fault", () => {
    const story = both(new Story(), "p.1").say("fault", { name: "reset half", phase: "begin" });
    story.disc("a").sent("p.2").recv("b", "p.2");
    both(story.conn("a", true), "p.3").end();
    const { violations } = check(story.lines);
    const text = describeViolation(story.lines, violations[0]);
    for (const part of [/^I5 broken at .* p\.2 at a/, /send +id=p\.2/, /ok +id=p\.2/,
      /recv +client=b id=p\.2/, /disc +client=a/, /conn .*recovered=true/, /name=reset half/]) {
      assert.match(text, part);
    }
  });
});
