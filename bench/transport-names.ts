/** How the figures of the part `transport` are called: the table shows them, and plots find them by it. */
import { type Contender, type Shape, WORDS } from './contenders.js';

export const LIKE: Readonly<Record<Shape, string>> = { apns: 'APNs-like', fcm: 'FCM-like' };

export const cpuName = (shape: Shape, contender: Contender): string =>
  `${LIKE[shape]}: CPU, ${WORDS[contender]}`;

export const rateName = (shape: Shape, contender: Contender): string =>
  `${LIKE[shape]}: rate, ${WORDS[contender]}`;
