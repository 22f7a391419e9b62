/** Imports devices in bulk, from a file that may have a million lines. */
import type { Request } from 'express';
import joi from 'joi';
import { registerDevices } from '../../models/bulk-registration.js';
import { isMongoTrouble } from '../../models/mongo-trouble.js';
import { deviceContext } from '../device-context.js';
import { BodyBroken, importBody, MAX_IMPORT_BYTES } from '../import/body.js';
import { MAX_IMPORT_LINES } from '../import/lines.js';
import { rowCheck } from '../import/row-check.js';
import { csvReader, ndjsonReader, type RowReader } from '../import/rows.js';
import { ImportBroken, type ImportReport, runImport } from '../import/run-import.js';
import type { ApiParts } from '../parts.js';
import { ProblemError, problem } from '../problems.js';
import { type Route, route } from '../route.js';
import { EXAMPLE_IMPORT, importAnswer } from '../schemas/device-answers.js';

const READERS: Readonly<Record<string, () => RowReader>> = {
  'text/csv': csvReader,
  'application/x-ndjson': ndjsonReader,
};

const EXAMPLE_CSV = [
  'vendor,token,account,tags,timeZone,consent.push,consent.purposes.marketing',
  'sandbox,sandbox-import-1,customer-1,vip|beta,Europe/Berlin,granted,denied',
  'sandbox,sandbox-import-2,customer-2,,Asia/Tokyo,granted,',
  '',
].join('\n');

const EXAMPLE_NDJSON = `${JSON.stringify({
  vendor: 'sandbox',
  token: 'sandbox-import-3',
  account: 'customer-3',
  tags: ['vip'],
  consent: { push: 'granted' },
})}\n`;

/** Throws MEDIA_TYPE_UNSUPPORTED. */
const readerFor = (req: Request): RowReader => {
  const types = Object.keys(READERS);
  const make = READERS[req.is(types) || ''];
  if (make == null) {
    throw problem('MEDIA_TYPE_UNSUPPORTED', { detail: `Send ${types.join(' or ')}` });
  }
  return make();
};

const isUntouched = ({ created, updated, unchanged, refused }: ImportReport): boolean =>
  created + updated + unchanged + refused === 0;

/** What the caller is told of an import that broke off: why, and what had been done. */
const brokenProblem = ({ report, cause }: ImportBroken): ProblemError => {
  const members = { ...report, errors: undefined, refusedLines: report.errors };
  if (cause instanceof ProblemError) {
    return isUntouched(report)
      ? cause
      : problem(cause.code, {
          ...cause.options,
          members: { ...cause.options.members, ...members },
        });
  }
  if (isMongoTrouble(cause)) return problem('STORAGE_UNAVAILABLE', { members, cause });
  if (!(cause instanceof BodyBroken)) return problem('INTERNAL', { members, cause });
  return problem('IMPORT_INTERRUPTED', {
    detail: 'The body ended too soon or could not be unpacked; what is counted here is done',
    members,
    cause,
  });
};

const importDevices = (parts: ApiParts): Route =>
  route({
    method: 'post',
    path: '/v1/devices/import',
    id: 'importDevices',
    tag: 'devices',
    summary: 'Import devices, a line each',
    description:
      'Each line is a registration, in the order of the lines; a broken line refuses that line only. CSV has a header ' +
      'line with the columns vendor, token, and any of profile, installationId, account, tags (separated by | or ;), ' +
      'locale, timeZone, appVersion, osVersion, brand, platform, attributes.<name> (a number, true, false or a text), consent.push, consent.purposes.<name>, consent.policyVersion, consent.policyVersions.<name>, consent.source, ' +
      'consent.at; an empty cell says nothing, and no cell contains a line break. NDJSON has bodies of PUT /v1/devices. ' +
      `Content-Encoding may be gzip; at most ${MAX_IMPORT_BYTES} bytes unpacked and ${MAX_IMPORT_LINES} lines. An import never takes anybody off the ` +
      'suppression list. An answer with an error tells the counts up to there, if any line was read.',
    streams: {
      'text/csv': { schema: joi.string(), example: EXAMPLE_CSV },
      'application/x-ndjson': { schema: joi.string(), example: EXAMPLE_NDJSON },
    },
    answers: {
      200: {
        description: 'What became of the lines',
        schema: importAnswer,
        example: EXAMPLE_IMPORT,
      },
    },
    problems: [
      'MEDIA_TYPE_UNSUPPORTED',
      'BODY_ENCODING_UNSUPPORTED',
      'BODY_TOO_LARGE',
      'VALIDATION_FAILED',
      'IMPORT_INTERRUPTED',
    ],
    handle: async (call) => {
      const { req } = call;
      const context = deviceContext(parts, call);
      try {
        const report = await runImport(importBody(req, MAX_IMPORT_BYTES), {
          read: readerFor(req),
          check: rowCheck(parts.vendors),
          register: (requests) =>
            registerDevices(
              { ...context, cause: 'import', now: new Date(parts.adapters.now()) },
              requests,
            ),
        });
        return { status: 200, body: report };
      } catch (error) {
        if (!(error instanceof ImportBroken)) throw error;
        const { created, updated, refused } = error.report;
        call.log.warn('An import broke off', { created, updated, refused });
        throw brokenProblem(error);
      }
    },
  });

export const importRoutes = (parts: ApiParts): Route[] => [importDevices(parts)];
