/** The fields of a send request; https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages */
import type { Fields, Shape } from './schema.js';

const string = { kind: 'string' } as const;
const bool = { kind: 'bool' } as const;
const int32 = { kind: 'int32' } as const;
const float = { kind: 'float' } as const;
const duration = { kind: 'duration' } as const;
const timestamp = { kind: 'timestamp' } as const;
const stringMap = { kind: 'stringMap' } as const;
const struct = { kind: 'struct' } as const;
const strings = { kind: 'list', of: string } as const;

const message = (fields: Fields, oneofs?: Record<string, readonly string[]>): Shape => ({
  kind: 'message',
  fields,
  ...(oneofs == null ? {} : { oneofs }),
});

const TYPE = 'type.googleapis.com/google.firebase.fcm.v1.';

const enumOf = (type: string, ...values: string[]): Shape => ({
  kind: 'enum',
  type: TYPE + type,
  values,
});

const fcmOptions = message({ analytics_label: string });

const lightSettings = message({
  color: message({ red: float, green: float, blue: float, alpha: float }),
  light_on_duration: duration,
  light_off_duration: duration,
});

const androidNotification = message({
  title: string,
  body: string,
  icon: string,
  color: string,
  sound: string,
  tag: string,
  click_action: string,
  body_loc_key: string,
  body_loc_args: strings,
  title_loc_key: string,
  title_loc_args: strings,
  channel_id: string,
  ticker: string,
  sticky: bool,
  event_time: timestamp,
  local_only: bool,
  notification_priority: enumOf(
    'AndroidNotification.NotificationPriority',
    'PRIORITY_UNSPECIFIED',
    'PRIORITY_MIN',
    'PRIORITY_LOW',
    'PRIORITY_DEFAULT',
    'PRIORITY_HIGH',
    'PRIORITY_MAX',
  ),
  default_sound: bool,
  default_vibrate_timings: bool,
  default_light_settings: bool,
  vibrate_timings: { kind: 'list', of: duration },
  visibility: enumOf(
    'AndroidNotification.Visibility',
    'VISIBILITY_UNSPECIFIED',
    'PRIVATE',
    'PUBLIC',
    'SECRET',
  ),
  notification_count: int32,
  light_settings: lightSettings,
  image: string,
  proxy: enumOf(
    'AndroidNotification.Proxy',
    'PROXY_UNSPECIFIED',
    'ALLOW',
    'DENY',
    'IF_PRIORITY_LOWERED',
  ),
});

const androidConfig = message({
  collapse_key: string,
  priority: enumOf('AndroidConfig.AndroidMessagePriority', 'NORMAL', 'HIGH'),
  ttl: duration,
  restricted_package_name: string,
  data: stringMap,
  notification: androidNotification,
  fcm_options: fcmOptions,
  direct_boot_ok: bool,
  bandwidth_constrained_ok: bool,
  restricted_satellite_ok: bool,
});

const androidConfigV2 = message(
  {
    remote_notification: struct,
    background_sync: struct,
    ttl: duration,
    collapse_key: string,
    data: stringMap,
    fcm_options: fcmOptions,
  },
  { kind: ['remote_notification', 'background_sync'] },
);

const apnsConfig = message({
  headers: stringMap,
  payload: struct,
  fcm_options: message({ image: string, analytics_label: string }),
  live_activity_token: string,
});

const webpushConfig = message({
  headers: stringMap,
  data: stringMap,
  notification: struct,
  fcm_options: message({ link: string, analytics_label: string }),
});

/** What a message can be sent to. */
export const TARGETS = ['token', 'fid', 'topic', 'condition'] as const;

export const SEND_REQUEST = message({
  validate_only: bool,
  message: message(
    {
      name: string,
      data: stringMap,
      notification: message({ title: string, body: string, image: string }),
      android: androidConfig,
      android_v2: androidConfigV2,
      apns: apnsConfig,
      webpush: webpushConfig,
      fcm_options: fcmOptions,
      token: string,
      fid: string,
      topic: string,
      condition: string,
    },
    { target: TARGETS, android_config: ['android', 'android_v2'] },
  ),
});
