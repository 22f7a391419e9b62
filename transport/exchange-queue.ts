/** Requests waiting for a free stream, first come first served; any of them leaves in constant time. */

/** The links are the queue's. */
export interface Queued<Item extends Queued<Item>> {
  queue: ExchangeQueue<Item> | undefined;
  before: Item | undefined;
  after: Item | undefined;
}

export class ExchangeQueue<Item extends Queued<Item>> {
  private head: Item | undefined;
  private tail: Item | undefined;

  get isEmpty(): boolean {
    return this.head === undefined;
  }

  push(exchange: Item): void {
    exchange.queue = this;
    exchange.before = this.tail;
    if (this.tail) this.tail.after = exchange;
    else this.head = exchange;
    this.tail = exchange;
  }

  /** For a request that has waited already. */
  pushFirst(exchange: Item): void {
    exchange.queue = this;
    exchange.after = this.head;
    if (this.head) this.head.before = exchange;
    else this.tail = exchange;
    this.head = exchange;
  }

  shift(): Item | undefined {
    const first = this.head;
    if (first) this.remove(first);
    return first;
  }

  remove(exchange: Item): void {
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
