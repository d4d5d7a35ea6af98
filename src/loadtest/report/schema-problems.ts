// As much of JSON Schema as the schemas in schemas/ and `config schema` use; a keyword that is not known fails loudly.
// Results of other runs are checked with it before anything is read from them.

export interface Schema {
  readonly [keyword: string]: unknown
}

/** Keywords that say nothing about validity here. */
const remarks = new Set(['$schema', '$defs', 'title', 'description', 'format', 'default', 'deprecated'])

/** Everything about `value` that `schema` does not allow, as `path: what`. */
export function schemaProblems(schema: Schema, value: unknown): string[] {
  const definitions = (schema.$defs ?? {}) as Record<string, Schema>
  return problemsOf(schema, value, '$', definitions)
}

function problemsOf(
  schema: Schema,
  value: unknown,
  path: string,
  definitions: Record<string, Schema>,
): string[] {
  const below = (part: unknown, inner: unknown, innerPath: string): string[] =>
    problemsOf(part as Schema, inner, innerPath, definitions)
  return Object.entries(schema).flatMap(([keyword, rule]): string[] => {
    if (remarks.has(keyword)) return []
    const wrong = (isWrong: boolean): string[] =>
      isWrong ? [`${path}: ${keyword} ${JSON.stringify(rule)}`] : []
    switch (keyword) {
      case '$ref':
        return below(definitions[String(rule).replace('#/$defs/', '')], value, path)
      case 'type':
        return wrong(!hasType(value, String(rule)))
      case 'enum':
        return wrong(!(rule as unknown[]).includes(value))
      case 'minimum':
        return wrong(typeof value === 'number' && value < Number(rule))
      case 'maximum':
        return wrong(typeof value === 'number' && value > Number(rule))
      case 'const':
        return wrong(value !== rule)
      case 'minItems':
        return wrong(Array.isArray(value) && value.length < Number(rule))
      case 'maxItems':
        return wrong(Array.isArray(value) && value.length > Number(rule))
      case 'minLength':
        return wrong(typeof value === 'string' && [...value].length < Number(rule))
      case 'pattern':
        return wrong(typeof value === 'string' && !new RegExp(String(rule), 'u').test(value))
      case 'anyOf':
        return wrong((rule as unknown[]).every(part => below(part, value, path).length > 0))
      case 'items':
        return Array.isArray(value)
          ? value.flatMap((item, index) => below(rule, item, `${path}[${index}]`))
          : []
      case 'required':
        return (rule as string[])
          .filter(name => !(name in Object(value)))
          .map(name => `${path}.${name}: missing`)
      case 'properties':
        return Object.entries(rule as Schema)
          .filter(([name]) => name in Object(value))
          .flatMap(([name, part]) => below(part, (value as Schema)[name], `${path}.${name}`))
      case 'additionalProperties':
        return Object.entries(typeof value === 'object' && value !== null ? value : {})
          .filter(([name]) => !(name in Object(schema.properties)))
          .flatMap(([name, inner]) =>
            rule === false ? [`${path}.${name}: unknown`] : below(rule, inner, `${path}.${name}`),
          )
      default:
        throw new Error(`keyword ${keyword} of the schema is not known here`)
    }
  })
}

function hasType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === type
}
