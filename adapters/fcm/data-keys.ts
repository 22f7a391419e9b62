/** The keys of `data`: those that FCM keeps for itself, and those that we add. */

/**
 * Refused by FCM in every `data`.
 * https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages#Message.FIELDS.data
 */
export const isReservedKey = (key: string): boolean =>
  key === 'from' || key === 'message_type' || /^(google|gcm)\./.test(key);

/** The deep link, for the app to open on a tap. */
export const URL_KEY = 'pigeonpost_url';
/** The task id, in data-only messages: FCM cannot make a repeat of them harmless, the app can. */
export const TASK_KEY = 'pigeonpost_task';
/** The tag, or the collapse id, of a notification that the app should remove. */
export const RECALL_KEY = 'pigeonpost_recall';
