/**
 * What a caller may say to FCM alone, in FCM's own words.
 * https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
 */
import Joi from 'joi';
import { isReservedKey } from './data-keys.js';

export const MAX_TTL_SECONDS = 2_419_200;

const text = Joi.string();
const texts = Joi.array().items(Joi.string().allow(''));
const flag = Joi.boolean();
const httpsUrl = Joi.string().uri({ scheme: 'https' });
const colorPart = Joi.number().min(0).max(1);

const DURATION = /^\d{1,12}(\.\d{1,9})?s$/;
const duration = Joi.string().pattern(DURATION, 'seconds, like "3.5s"');

const ttl = duration
  .custom((value: string) => {
    if (Number.parseFloat(value) > MAX_TTL_SECONDS) {
      throw new Error(`must be at most "${MAX_TTL_SECONDS}s"`);
    }
    return value;
  })
  .messages({ 'any.custom': '{{#label}} {{#error.message}}' });

// They leave in one line each, from Google's servers: a line break would begin a header that nobody wrote.
const headerValue = Joi.string().pattern(/^[^\r\n\0]*$/, 'a text without line breaks');

// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

const data = Joi.object().pattern(
  Joi.string().custom((key: string, { error }) =>
    isReservedKey(key) ? error('any.invalid') : key,
  ),
  Joi.string().allow(''),
);

const analyticsLabel = Joi.string().pattern(/^[a-zA-Z0-9\-_.~%]{1,50}$/, 'an analytics label');

const lightSettings = Joi.object({
  color: Joi.object({ red: colorPart, green: colorPart, blue: colorPart, alpha: colorPart }),
  light_on_duration: duration,
  light_off_duration: duration,
});

const androidNotification = Joi.object({
  title: text,
  body: text,
  icon: text,
  color: Joi.string().pattern(/^#[0-9a-fA-F]{6}$/, '#rrggbb'),
  sound: text,
  tag: text,
  click_action: text,
  body_loc_key: text,
  body_loc_args: texts,
  title_loc_key: text,
  title_loc_args: texts,
  channel_id: text,
  ticker: text,
  sticky: flag,
  event_time: Joi.string().isoDate(),
  local_only: flag,
  notification_priority: Joi.string().valid(
    'PRIORITY_MIN',
    'PRIORITY_LOW',
    'PRIORITY_DEFAULT',
    'PRIORITY_HIGH',
    'PRIORITY_MAX',
  ),
  default_sound: flag,
  default_vibrate_timings: flag,
  default_light_settings: flag,
  vibrate_timings: Joi.array().items(duration),
  visibility: Joi.string().valid('PRIVATE', 'PUBLIC', 'SECRET'),
  notification_count: Joi.number().integer().min(0).max(2_147_483_647),
  light_settings: lightSettings,
  image: httpsUrl,
  proxy: Joi.string().valid('ALLOW', 'DENY', 'IF_PRIORITY_LOWERED'),
});

const android = Joi.object({
  collapse_key: text,
  priority: Joi.string().valid('NORMAL', 'HIGH'),
  ttl,
  restricted_package_name: text,
  data,
  notification: androidNotification,
  fcm_options: Joi.object({ analytics_label: analyticsLabel }),
  direct_boot_ok: flag,
  bandwidth_constrained_ok: flag,
  restricted_satellite_ok: flag,
});

const apns = Joi.object({
  headers: Joi.object().pattern(/^apns-[a-z-]+$/, headerValue),
  // Beside `aps` an app reads whatever it likes, so nothing here is unknown.
  payload: Joi.object({ aps: Joi.object().unknown() }).unknown(),
  fcm_options: Joi.object({ image: httpsUrl, analytics_label: analyticsLabel }),
  live_activity_token: text,
});

const webpush = Joi.object({
  headers: Joi.object().pattern(HEADER_NAME, headerValue.allow('')),
  data,
  notification: Joi.object().unknown(),
  fcm_options: Joi.object({ link: httpsUrl, analytics_label: analyticsLabel }),
});

// Nothing is converted: what was checked is what is sent.
export const overrides = Joi.object({
  android,
  apns,
  webpush,
  fcm_options: Joi.object({ analytics_label: analyticsLabel }),
}).options({ convert: false });
