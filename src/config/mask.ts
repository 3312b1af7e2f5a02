import type { ResolvedConfig } from './types.ts'

const MASK = '***'
/** Names of options and of URL parameters whose values nobody should see. */
const SECRET = /(password|pwd|secret|token|api[-_]?key)$/i

/** Whether the value of an option, variable or URL parameter of this name is nobody's business. */
export const isSecret = (name: string): boolean => SECRET.test(name)

/** The config as it may be printed: passwords in URLs and secret options read `***`. */
export function maskSecrets(config: ResolvedConfig): ResolvedConfig {
  return mask(config, '') as ResolvedConfig
}

function mask(value: unknown, key: string): unknown {
  if (typeof value === 'string') return isSecret(key) ? MASK : maskUrl(value)
  if (Array.isArray(value)) return value.map((item) => mask(item, key))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, mask(v, k)]))
}

/** `postgres://me:pw@host/db?sslpassword=x` → `postgres://me:***@host/db?sslpassword=***`; other text is left alone. */
export function maskUrl(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s/:@?#]*):(?:[^\s/?#]*)@/gi, `$1:${MASK}@`)
    .replace(/([?&])([^\s=&?#]+)=([^\s&#]*)/g, (all, mark: string, name: string) =>
      isSecret(name) ? `${mark}${name}=${MASK}` : all,
    )
}
