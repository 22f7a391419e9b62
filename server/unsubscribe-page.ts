/** What a person sees who follows an unsubscribe link: one question, one button, no script, in their own language. */
import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';

/** A page: what is asked, that it is done, or why the link does nothing. */
export type Shown =
  | {
      readonly kind: 'ask' | 'done';
      readonly app: string;
      /** Absent: no pushes at all. */
      readonly purpose?: string;
      /** Of a person, not of one device. */
      readonly everywhere: boolean;
    }
  | { readonly kind: 'expired' | 'invalid' };

interface Words {
  readonly unsubscribe: string;
  readonly askPurpose: string;
  readonly askAll: string;
  readonly everywhere: string;
  readonly doneTitle: string;
  readonly donePurpose: string;
  readonly doneAll: string;
  readonly badTitle: string;
  readonly expired: string;
  readonly invalid: string;
}

const WORDS = {
  en: {
    unsubscribe: 'Unsubscribe',
    askPurpose: 'Do you want no more notifications of the kind “{purpose}” from {app}?',
    askAll: 'Do you want no more notifications at all from {app}?',
    everywhere: 'This holds for all of your devices.',
    doneTitle: 'You are unsubscribed',
    donePurpose: '{app} sends you no more notifications of the kind “{purpose}”.',
    doneAll: '{app} sends you no more notifications.',
    badTitle: 'This link does not work',
    expired: 'It is too old. You can turn notifications off in the settings of the app.',
    invalid: 'It may be incomplete. Please open it again from the message that it came with.',
  },
  de: {
    unsubscribe: 'Abbestellen',
    askPurpose: 'Möchtest du keine Mitteilungen der Art „{purpose}“ von {app} mehr?',
    askAll: 'Möchtest du gar keine Mitteilungen von {app} mehr?',
    everywhere: 'Das gilt für alle deine Geräte.',
    doneTitle: 'Abbestellt',
    donePurpose: '{app} sendet dir keine Mitteilungen der Art „{purpose}“ mehr.',
    doneAll: '{app} sendet dir keine Mitteilungen mehr.',
    badTitle: 'Dieser Link funktioniert nicht',
    expired: 'Er ist zu alt. In den Einstellungen der App lassen sich Mitteilungen abschalten.',
    invalid: 'Vielleicht ist er unvollständig. Bitte öffne ihn noch einmal aus der Nachricht.',
  },
  zh: {
    unsubscribe: '退订',
    askPurpose: '您不想再收到 {app} 的“{purpose}”类通知吗？',
    askAll: '您不想再收到 {app} 的任何通知吗？',
    everywhere: '此设置适用于您的所有设备。',
    doneTitle: '已退订',
    donePurpose: '{app} 不会再向您发送“{purpose}”类通知。',
    doneAll: '{app} 不会再向您发送通知。',
    badTitle: '此链接无效',
    expired: '链接已过期。您可以在应用的设置中关闭通知。',
    invalid: '链接可能不完整，请从原消息中重新打开。',
  },
  'zh-TW': {
    unsubscribe: '取消訂閱',
    askPurpose: '您不想再收到 {app} 的「{purpose}」類通知嗎？',
    askAll: '您不想再收到 {app} 的任何通知嗎？',
    everywhere: '此設定適用於您的所有裝置。',
    doneTitle: '已取消訂閱',
    donePurpose: '{app} 不會再向您傳送「{purpose}」類通知。',
    doneAll: '{app} 不會再向您傳送通知。',
    badTitle: '此連結無效',
    expired: '連結已過期。您可以在應用程式的設定中關閉通知。',
    invalid: '連結可能不完整，請從原訊息中重新開啟。',
  },
} as const satisfies Record<string, Words>;

export type Language = keyof typeof WORDS;

const LANGUAGES = Object.keys(WORDS) as Language[];

export const languageOf = (req: Request): Language =>
  (req.acceptsLanguages(LANGUAGES) || 'en') as Language;

const STYLE =
  ':root{color-scheme:light dark}' +
  'body{font:1.125rem/1.5 system-ui,sans-serif;margin:0;padding:3rem 1.5rem}' +
  'main{max-width:32rem;margin:0 auto}h1{font-size:1.5rem;line-height:1.25}' +
  'button{font:inherit;font-weight:600;padding:.75rem 1.5rem;border:0;border-radius:.5rem;' +
  'background:#1d4ed8;color:#fff;cursor:pointer}button:focus-visible{outline:3px solid #f59e0b}';

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '');

const filled = (text: string, { app, purpose = '' }: { app: string; purpose?: string }): string =>
  escaped(text).replace(/\{(app|purpose)\}/g, (_, name) => escaped(name === 'app' ? app : purpose));

const contentOf = (words: Words, shown: Shown): { title: string; lines: string[] } => {
  switch (shown.kind) {
    case 'ask': {
      const question = shown.purpose == null ? words.askAll : words.askPurpose;
      const lines = [filled(question, shown), ...(shown.everywhere ? [words.everywhere] : [])];
      return { title: words.unsubscribe, lines };
    }
    case 'done': {
      const told = shown.purpose == null ? words.doneAll : words.donePurpose;
      return { title: words.doneTitle, lines: [filled(told, shown)] };
    }
    case 'expired':
    case 'invalid':
      return { title: words.badTitle, lines: [words[shown.kind]] };
  }
};

const htmlOf = (language: Language, shown: Shown): string => {
  const words = WORDS[language];
  const { title, lines } = contentOf(words, shown);
  const form = `<form method="post"><button type="submit">${words.unsubscribe}</button></form>`;
  return [
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${title}</title><style>${STYLE}</style></head><body><main><h1>${title}</h1>`,
    ...lines.map((line) => `<p>${line}</p>`),
    shown.kind === 'ask' ? form : '',
    '</main></body></html>',
  ].join('');
};

const STATUS = { ask: 200, done: 200, expired: 410, invalid: 404 } as const;

export const showPage = (res: Response, language: Language, shown: Shown): void => {
  res
    .status(STATUS[shown.kind])
    .set({
      'Content-Security-Policy': POLICY,
      'Content-Language': language,
      'Cache-Control': 'no-store',
      'X-Robots-Tag': 'noindex',
    })
    .vary('Accept-Language')
    .type('html')
    .send(htmlOf(language, shown));
};
