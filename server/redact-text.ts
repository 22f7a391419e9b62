/** Takes secrets out of a text by their shape: what a token, a key or a credential looks like wherever it stands. */

export const REDACTED = '[redacted]';

/** Longer texts are cut before they are searched, so that one log line costs little whatever it was given. */
const MAX_SEARCHED_CHARS = 32_768;
/** What is kept of a text; a stack of ten deep frames fits several times. */
const MAX_KEPT_CHARS = 8_192;
const CUT_MARK = '[cut]';

const SECRET_WORD =
  '(?:[a-z_-]{0,32}token|secret|password|passphrase|authorization|private_?key|api_?key|client_assertion|assertion|body|title)';

/**
 * The order matters: whole blocks first, then shapes with a name, then anything long and opaque. Every quantifier starts
 * at the edge of a run or is bounded, so that hostile text costs linear time.
 */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  // A block that was cut off before its end line is a secret all the same.
  [/-----BEGIN [^-\n]{1,40}-----[\s\S]*?(?:-----END [^-\n]{1,40}-----|$)/g, REDACTED],
  [/\b(Bearer|Basic)\s+[^\s,;"'`]+/gi, `$1 ${REDACTED}`],
  // JWT; one signed with HS256 ends like one of our keys, so it comes first.
  [/(?<![\w-])eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, REDACTED],
  // Google's access tokens.
  [/(?<![\w-])ya29\.[\w.-]+/g, REDACTED],
  // Our keys, `<id>.<256 bits in base64url>`; the id may be seen.
  [/(?<![\w-])([\w-]{4,64})\.[\w-]{43}(?![\w-])/g, `$1.${REDACTED}`],
  // FCM registration tokens, also percent-encoded in a query.
  [/(?<![\w-])[\w-]{8,64}(?::|%3A)APA91[\w-]*/gi, REDACTED],
  [/[0-9a-f]{64,}/gi, REDACTED],
  // Name and password in a URL (MongoDB, proxies).
  [/:\/\/[^/\s:@]{0,256}:[^/\s@]{0,256}@/g, `://${REDACTED}@`],
  [/([?&](?:token|key|secret|account|access_token)=)[^&\s"'#]+/gi, `$1${REDACTED}`],
  // Quoted values beside a telling name, as JSON or a driver's message repeats them. A value that lost its end goes too.
  [
    new RegExp(
      `(\\b${SECRET_WORD}\\\\?["']?\\s*[:=]\\s*\\\\?)(["'])(?:(?!\\2)[\\s\\S])*(\\2|$)`,
      'gi',
    ),
    `$1$2${REDACTED}$3`,
  ],
  // joi and Mongoose repeat what they refused.
  [/((?:with|for) value )"[^"]*("|$)/g, `$1"${REDACTED}$2`],
];

const OPAQUE_RUN = /[\w+/=-]{64,}/g;
const SLASH_ONE_IN = 16;

/** Long runs of base64 (Harmony tokens and whatever comes next), but not the paths of a stack trace. */
const redactOpaque = (run: string): string => {
  const slashes = run.split('/').length - 1;
  const isOpaque = /\d/.test(run) && /[a-z]/i.test(run) && slashes * SLASH_ONE_IN < run.length;
  return isOpaque ? REDACTED : run;
};

/** The text without secrets, and at most about 8,200 characters of it. */
export const redactText = (text: string): string => {
  const wasCut = text.length > MAX_SEARCHED_CHARS;
  let clean = wasCut ? text.slice(0, MAX_SEARCHED_CHARS) : text;
  for (const [shape, replacement] of SHAPES) clean = clean.replace(shape, replacement);
  clean = clean.replace(OPAQUE_RUN, redactOpaque);
  // The last word of a cut text may be the head of a token too short to be known by its shape.
  if (wasCut) {
    clean = clean.slice(0, Math.max(clean.lastIndexOf(' '), clean.lastIndexOf('\n')) + 1);
  }
  if (clean.length > MAX_KEPT_CHARS) return clean.slice(0, MAX_KEPT_CHARS) + CUT_MARK;
  return wasCut ? clean + CUT_MARK : clean;
};
