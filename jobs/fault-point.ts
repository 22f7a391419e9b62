/** Named places on the way of a push at which a test may strike. In a gateway, each is a call of an empty function. */

export const FAULT_POINTS = [
  'accept:before-write',
  'accept:task-written',
  'accept:before-commit',
  'accept:before-answer',
  'plan:claimed',
  'plan:cursor-written',
  'plan:before-commit',
  'plan:between-stretches',
  'plan:before-last',
  'plan:planned',
  'dispatch:claimed',
  'dispatch:marked-sending',
  'report:answered',
  'report:batch-updated',
  'report:rows-written',
  'report:before-commit',
  'report:committed',
  'stragglers:split',
  'finish:before-end',
  'finish:ended',
  'control:task-changed',
  'watch:seized',
] as const;

export type FaultPoint = (typeof FAULT_POINTS)[number];

/** A promise holds up whoever came to the point until it is resolved. */
export type Strike = (point: FaultPoint) => Promise<void> | undefined;

let strike: Strike = () => undefined;

export const faultPoint: Strike = (point) => strike(point);

/** Nothing but test/faults/armed-gateway.ts calls this: a gateway has no setting that leads here. */
export const armFaultPoints = (armed: Strike): void => {
  strike = armed;
};
