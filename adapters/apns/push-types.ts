/** The values of `apns-push-type`, and what each of them demands. */

export type Priority = 10 | 5 | 1;

export interface PushTypeRule {
  /** What follows the bundle id in the topic; absent when the topic must come from the settings. */
  readonly topicSuffix?: string;
  /** The first one is taken when the message's own priority is not among them. */
  readonly priorities: readonly Priority[];
  /** Whether the system itself shows title, body, badge and sound of such a push. */
  readonly shows: 'always' | 'maybe' | 'never';
  /** Refused on a connection that a certificate opened. */
  readonly needsKey?: boolean;
  /** Never stored for a device that is offline. */
  readonly nowOrNever?: boolean;
  /** What must stand in `aps`. */
  readonly aps?: Readonly<Record<string, unknown>>;
}

const ANY_PRIORITY = [10, 5, 1] as const;

/** https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns */
export const PUSH_TYPES = {
  alert: { topicSuffix: '', priorities: ANY_PRIORITY, shows: 'always' },
  background: {
    topicSuffix: '',
    priorities: [5],
    shows: 'never',
    aps: { 'content-available': 1 },
  },
  voip: { topicSuffix: '.voip', priorities: ANY_PRIORITY, shows: 'maybe' },
  complication: { topicSuffix: '.complication', priorities: ANY_PRIORITY, shows: 'never' },
  fileprovider: { topicSuffix: '.pushkit.fileprovider', priorities: ANY_PRIORITY, shows: 'never' },
  mdm: { priorities: ANY_PRIORITY, shows: 'never' },
  location: {
    topicSuffix: '.location-query',
    priorities: [10, 5],
    shows: 'never',
    needsKey: true,
  },
  liveactivity: {
    topicSuffix: '.push-type.liveactivity',
    priorities: [10, 5],
    shows: 'maybe',
    needsKey: true,
  },
  pushtotalk: { topicSuffix: '.voip-ptt', priorities: [10], shows: 'never', nowOrNever: true },
  // https://developer.apple.com/documentation/widgetkit/updating-widgets-with-widgetkit-push-notifications
  widgets: {
    topicSuffix: '.push-type.widgets',
    priorities: ANY_PRIORITY,
    shows: 'never',
    aps: { 'content-changed': true },
  },
  controls: {
    topicSuffix: '.push-type.controls',
    priorities: ANY_PRIORITY,
    shows: 'never',
    aps: { 'content-changed': true },
  },
} as const satisfies Readonly<Record<string, PushTypeRule>>;

export type PushType = keyof typeof PUSH_TYPES;

export const PUSH_TYPE_NAMES = Object.keys(PUSH_TYPES) as PushType[];

export const ruleOf = (pushType: PushType): PushTypeRule => PUSH_TYPES[pushType];
