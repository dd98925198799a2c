// SPDX-License-Identifier: MIT
// The little of a browser that the guide's scripts ask for: elements that are there when one asks
// for them, hold what they are given, and can be used all at once.

class Element {
  constructor() {
    this.value = "hello";
    this.textContent = "";
    this.children = [];
    this.listeners = [];
    this.style = {};
    this.files = [];
  }

  addEventListener(type, fn) {
    this.listeners.push([type, fn]);
  }

  append(...children) {
    this.children.push(...children);
  }

  appendChild(child) {
    this.children.push(child);
    return child;
  }
}

export class Page {
  constructor() {
    const elements = new Map();
    this.elements = elements;
    this.document = {
      body: { scrollHeight: 0 },
      createElement: () => new Element(),
      getElementById(id) {
        if (!elements.has(id)) elements.set(id, new Element());
        return elements.get(id);
      },
    };
    this.window = { scrollTo() {} };
  }

  // Every listener of every element.
  use() {
    for (const element of this.elements.values()) {
      element.value ||= "hello";
      for (const [type, fn] of element.listeners) {
        fn({ type, target: element, preventDefault() {} });
      }
    }
  }
}
