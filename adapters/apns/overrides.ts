/** What `message.overrides.apns` takes: what only Apple has. */
import Joi from 'joi';
import { type Priority, PUSH_TYPE_NAMES, type PushType } from './push-types.js';

export const MAX_COLLAPSE_ID_BYTES = 64;

export interface CriticalSound {
  readonly critical: boolean;
  readonly name: string;
  /** 0 to 1. */
  readonly volume: number;
}

/** Instants are UNIX seconds, as Apple wants them. */
export interface LiveActivity {
  readonly event: 'start' | 'update' | 'end';
  readonly timestamp?: number;
  readonly contentState?: Readonly<Record<string, unknown>>;
  readonly staleDate?: number;
  readonly dismissalDate?: number;
  readonly attributesType?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly inputPushToken?: boolean;
  readonly inputPushChannel?: string;
}

export interface ApnsOverrides {
  readonly pushType?: PushType;
  readonly priority?: Priority;
  readonly collapseId?: string;
  readonly subtitle?: string;
  readonly launchImage?: string;
  readonly locKey?: string;
  readonly locArgs?: readonly string[];
  readonly titleLocKey?: string;
  readonly titleLocArgs?: readonly string[];
  readonly subtitleLocKey?: string;
  readonly subtitleLocArgs?: readonly string[];
  readonly badge?: number;
  readonly sound?: string | CriticalSound;
  readonly threadId?: string;
  readonly category?: string;
  readonly contentAvailable?: boolean;
  readonly mutableContent?: boolean;
  readonly targetContentId?: string;
  readonly interruptionLevel?: 'passive' | 'active' | 'time-sensitive' | 'critical';
  readonly relevanceScore?: number;
  readonly filterCriteria?: string;
  readonly liveActivity?: LiveActivity;
  /** The PushMagic string of a managed device; it is the whole payload. */
  readonly mdm?: string;
}

/** What becomes the title, the body, the badge or the sound: nothing for a push that shows nothing. */
export const VISIBLE_OVERRIDES = [
  'subtitle',
  'launchImage',
  'locKey',
  'locArgs',
  'titleLocKey',
  'titleLocArgs',
  'subtitleLocKey',
  'subtitleLocArgs',
  'badge',
  'sound',
] as const satisfies readonly (keyof ApnsOverrides)[];

const seconds = () => Joi.number().integer().min(0);
const args = () => Joi.array().items(Joi.string().allow('')).max(32);

/** Control characters and everything beyond ASCII cannot stand in a header. */
export const collapseIdSchema = Joi.string()
  .max(MAX_COLLAPSE_ID_BYTES, 'utf8')
  .pattern(/^[\x20-\x7e]+$/, 'printable ASCII');

const liveActivity = Joi.object<LiveActivity>({
  event: Joi.string().valid('start', 'update', 'end').required(),
  timestamp: seconds(),
  contentState: Joi.object().unknown(true).when('event', {
    not: 'end',
    then: Joi.required(),
  }),
  staleDate: seconds(),
  dismissalDate: seconds(),
  attributesType: Joi.string().max(255),
  attributes: Joi.object().unknown(true),
  inputPushToken: Joi.boolean(),
  inputPushChannel: Joi.string().max(255),
})
  .and('attributesType', 'attributes')
  .when(Joi.object({ event: Joi.valid('start').required() }).unknown(), {
    then: Joi.object({ attributesType: Joi.required(), attributes: Joi.required() }),
  })
  .oxor('inputPushToken', 'inputPushChannel');

export const overrides = Joi.object<ApnsOverrides>({
  pushType: Joi.string().valid(...PUSH_TYPE_NAMES),
  priority: Joi.number().valid(10, 5, 1),
  collapseId: collapseIdSchema,
  subtitle: Joi.string(),
  launchImage: Joi.string(),
  locKey: Joi.string(),
  locArgs: args(),
  titleLocKey: Joi.string(),
  titleLocArgs: args(),
  subtitleLocKey: Joi.string(),
  subtitleLocArgs: args(),
  badge: Joi.number().integer().min(0),
  sound: Joi.alternatives(
    Joi.string(),
    Joi.object({
      critical: Joi.boolean().required(),
      name: Joi.string().required(),
      volume: Joi.number().min(0).max(1).default(1),
    }),
  ),
  threadId: Joi.string(),
  category: Joi.string(),
  contentAvailable: Joi.boolean(),
  mutableContent: Joi.boolean(),
  targetContentId: Joi.string(),
  interruptionLevel: Joi.string().valid('passive', 'active', 'time-sensitive', 'critical'),
  relevanceScore: Joi.number().min(0).max(1),
  filterCriteria: Joi.string(),
  liveActivity,
  mdm: Joi.string(),
})
  .with('locArgs', 'locKey')
  .with('titleLocArgs', 'titleLocKey')
  .with('subtitleLocArgs', 'subtitleLocKey')
  .unknown(false);
