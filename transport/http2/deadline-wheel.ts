/**
 * Deadlines by the ten thousand: adding and removing one is a few assignments, and one timer serves all. A deadline stands
 * in the slot of its tick, modulo the number of slots; the wheel is turned only as far as the next slot that is not empty.
 */

/** What has a deadline; its fields are the wheel's. */
export interface Timed {
  deadlineTick: number;
  earlier: Timed | undefined;
  later: Timed | undefined;
  expire(): void;
}

const TICK_MS = 8;
const SLOTS = 2_048;
const NONE = -1;

export class DeadlineWheel {
  private readonly slots = new Array<Timed | undefined>(SLOTS).fill(undefined);
  private count = 0;
  /** The last tick whose slot was looked at. */
  private doneTick = 0;
  private timer: NodeJS.Timeout | undefined;
  private wakeTick = NONE;

  /** `delayMs` from now at the earliest, and a tick later at the latest. */
  add(entry: Timed, delayMs: number): void {
    const nowMs = performance.now();
    if (this.count === 0) this.doneTick = Math.floor(nowMs / TICK_MS);
    const tick = Math.floor((nowMs + delayMs) / TICK_MS) + 1;
    const slot = tick % SLOTS;
    const first = this.slots[slot];
    entry.deadlineTick = tick;
    entry.earlier = undefined;
    entry.later = first;
    if (first) first.earlier = entry;
    this.slots[slot] = entry;
    this.count += 1;
    // What keeps the process alive is that somebody waits.
    if (this.count === 1) this.timer?.ref();
    if (this.timer === undefined || tick < this.wakeTick) this.wakeAt(tick, nowMs);
  }

  /** Nothing happens when it is not there. */
  remove(entry: Timed): void {
    if (entry.deadlineTick === NONE) return;
    const { earlier, later } = entry;
    if (earlier) earlier.later = later;
    else this.slots[entry.deadlineTick % SLOTS] = later;
    if (later) later.earlier = earlier;
    entry.deadlineTick = NONE;
    entry.earlier = undefined;
    entry.later = undefined;
    this.count -= 1;
    if (this.count === 0) this.timer?.unref();
  }

  private wakeAt(tick: number, nowMs: number): void {
    clearTimeout(this.timer);
    this.wakeTick = tick;
    // Beyond what the wheel holds in one turn it may wake for nothing, but never too late.
    this.timer = setTimeout(this.turn, Math.min(tick * TICK_MS - nowMs, SLOTS * TICK_MS));
  }

  private readonly turn = (): void => {
    this.timer = undefined;
    const nowMs = performance.now();
    const nowTick = Math.floor(nowMs / TICK_MS);
    const expired: Timed[] = [];
    const lastTick = Math.min(nowTick, this.doneTick + SLOTS);
    for (let tick = this.doneTick + 1; tick <= lastTick; tick += 1) {
      for (let entry = this.slots[tick % SLOTS]; entry; entry = entry.later) {
        // Others in the slot are whole turns of the wheel away.
        if (entry.deadlineTick <= nowTick) expired.push(entry);
      }
    }
    this.doneTick = nowTick;
    for (const entry of expired) {
      // An entry that expires may have taken others with it.
      if (entry.deadlineTick === NONE) continue;
      this.remove(entry);
      entry.expire();
    }
    this.wakeAtNext(nowTick, nowMs);
  };

  private wakeAtNext(nowTick: number, nowMs: number): void {
    if (this.count === 0) return;
    let tick = nowTick + 1;
    while (this.slots[tick % SLOTS] === undefined) tick += 1;
    if (this.timer === undefined || tick < this.wakeTick) this.wakeAt(tick, nowMs);
  }
}
