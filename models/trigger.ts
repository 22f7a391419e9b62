/** What starts a campaign for one account: an event, unless another one comes before the delay is over. Pure. */

/** A value of an event, as its sender gives it. */
export type Property = string | number | boolean;
export type Properties = Readonly<Record<string, Property>>;

export interface Trigger {
  /** Its name. */
  readonly event: string;
  /** The event counts with all of these values only. */
  readonly where?: Properties;
  readonly afterSeconds: number;
  /** Events that cancel what waits. */
  readonly unless: readonly string[];
  /** Whether an account that was sent to once is sent to again, and after how long at the earliest. */
  readonly reentry: 'never' | { readonly afterSeconds: number };
  /** At most so many for an account, in any window of this length. */
  readonly cap?: { readonly limit: number; readonly windowSeconds: number };
}

/** In the place of a schedule: a campaign that has no instants of its own. */
export interface TriggerSchedule {
  readonly trigger: Trigger;
}

export interface AccountEvent {
  /** The sender's own name for it: sent again, it is the same event. */
  readonly id?: string;
  readonly account: string;
  readonly name: string;
  /** When it happened. */
  readonly at: Date;
  readonly properties: Properties;
}

export const isStart = (
  { event, where = {} }: Trigger,
  { name, properties }: AccountEvent,
): boolean =>
  name === event &&
  Object.entries(where).every(
    ([property, value]) => Object.hasOwn(properties, property) && properties[property] === value,
  );

/** An account is sent to no more often than this within the window of a cap. */
export const MOST_CAP = 100;

/** How far back an event may lie, and how long its id is known. */
export const EVENT_AGE_MS = 7 * 24 * 60 * 60_000;
