/** How much there may be of something, so that one caller's mistake costs nobody else. docs/tags.md tells them. */

/** Unless the app says otherwise. */
export const DEVICES_PER_ACCOUNT = 100;
export const MOST_DEVICES_PER_ACCOUNT = 1_000;
export const TAGS_PER_DEVICE = 100;
/** Different ones. */
export const TAGS_PER_APP = 10_000;

/** Of what a person sees, before and after the values of a template are put in. Vendors count bytes and have limits of their own. */
export const TITLE_LENGTH = 1_000;
export const BODY_LENGTH = 4_000;

export interface Limits {
  readonly devicesPerAccount?: number;
  readonly tagsPerApp?: number;
}

export type Limited = 'account-full' | 'device-tags-full' | 'app-tags-full';

/** A change that would be one too many; nothing of it was done. */
export class LimitReached extends Error {
  override readonly name = 'LimitReached';
  constructor(readonly limited: Limited) {
    super(`No room: ${limited}`);
  }
}
