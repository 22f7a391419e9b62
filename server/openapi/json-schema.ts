/** JSON Schema (2020-12, the dialect of OpenAPI 3.1) of a joi schema: joi's own conversion, and the rules between fields that it leaves out. */
import type { Description, Schema } from 'joi';

export type JsonSchema = Record<string, unknown>;

interface Dependency {
  readonly rel: string;
  readonly peers: readonly string[];
}

/** The part of joi's description that is read here. */
interface Described extends Description {
  readonly dependencies?: readonly Dependency[];
  readonly items?: readonly Described[];
}

const need = (...required: readonly string[]): JsonSchema => ({ required });
const never = (schema: JsonSchema): JsonSchema => ({ not: schema });

/** Undefined for a rule that JSON Schema need not know: it then allows more than we do. */
const ruleOf = ({ rel, peers }: Dependency): JsonSchema | undefined => {
  switch (rel) {
    case 'xor':
      return { oneOf: peers.map((peer) => need(peer)) };
    case 'or':
      return { anyOf: peers.map((peer) => need(peer)) };
    case 'oxor':
      return {
        oneOf: [
          ...peers.map((peer) => need(peer)),
          never({ anyOf: peers.map((peer) => need(peer)) }),
        ],
      };
    case 'nand':
      return never(need(...peers));
    case 'and':
      return { anyOf: [need(...peers), never({ anyOf: peers.map((peer) => need(peer)) })] };
    default:
      return undefined;
  }
};

const addRules = (json: JsonSchema, described: Described): void => {
  const rules = (described.dependencies ?? []).flatMap((dependency) => ruleOf(dependency) ?? []);
  if (rules.length > 0) json.allOf = rules;
  const properties = (json.properties ?? {}) as Record<string, JsonSchema>;
  for (const [key, child] of Object.entries((described.keys ?? {}) as Record<string, Described>)) {
    const property = properties[key];
    if (property != null) addRules(property, child);
  }
  const [item, ...otherItems] = described.items ?? [];
  if (item != null && otherItems.length === 0 && json.items != null) {
    addRules(json.items as JsonSchema, item);
  }
};

/** `input` is what a caller may send, `output` what we answer. */
export const jsonSchema = (schema: Schema, mode: 'input' | 'output' = 'input'): JsonSchema => {
  const json = schema['~standard'].jsonSchema[mode]({ target: 'draft-2020-12' });
  addRules(json, schema.describe());
  return json;
};
