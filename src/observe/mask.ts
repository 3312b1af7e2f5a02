export const MASK = '***'

/** Names of options, variables and URL parameters whose values nobody should see. */
const SECRET = /(password|pwd|secret|token|api[-_]?key|authorization)$/i

/** Whether the value under this name is nobody's business. */
export const isSecret = (name: string): boolean => SECRET.test(name)

/** `postgres://me:pw@host/db?sslpassword=x` → `postgres://me:***@host/db?sslpassword=***`; other text is left alone. */
export function maskUrl(text: string): string {
  if (!text.includes('://')) return text
  return (
    text
      // Up to the last @: a password with an unescaped / or # is the usual typo. A port is no password.
      .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s/:@?#]*):(?!\d+(?:[/?#]|$))[^\s"']*@/gi, `$1:${MASK}@`)
      .replace(/([?&])([^\s=&?#]+)=([^\s&#]*)/g, (all, mark: string, name: string) =>
        isSecret(name) ? `${mark}${name}=${MASK}` : all,
      )
  )
}

/** A copy in which secret names and the passwords of URLs read `***`, at any depth. */
export function maskDeep(value: unknown, key: string = ''): unknown {
  if (typeof value === 'string') return isSecret(key) && value !== '' ? MASK : maskUrl(value)
  if (Array.isArray(value)) return value.map((item) => maskDeep(item, key))
  if (value === null || typeof value !== 'object' || !isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, maskDeep(v, k)]))
}

const isPlain = (value: object) => [Object.prototype, null].includes(Object.getPrototypeOf(value))
