/** Requests waiting for a free stream, first come first served; any of them leaves in constant time. */
import type { Exchange } from './exchange.js';

export class ExchangeQueue {
  private head: Exchange | undefined;
  private tail: Exchange | undefined;

  get isEmpty(): boolean {
    return this.head === undefined;
  }

  push(exchange: Exchange): void {
    exchange.queue = this;
    exchange.before = this.tail;
    if (this.tail) this.tail.after = exchange;
    else this.head = exchange;
    this.tail = exchange;
  }

  /** For a request that has waited already. */
  pushFirst(exchange: Exchange): void {
    exchange.queue = this;
    exchange.after = this.head;
    if (this.head) this.head.before = exchange;
    else this.tail = exchange;
    this.head = exchange;
  }

  shift(): Exchange | undefined {
    const first = this.head;
    if (first) this.remove(first);
    return first;
  }

  remove(exchange: Exchange): void {
    const { before, after } = exchange;
    if (before) before.after = after;
    else this.head = after;
    if (after) after.before = before;
    else this.tail = before;
    exchange.queue = undefined;
    exchange.before = undefined;
    exchange.after = undefined;
  }
}
