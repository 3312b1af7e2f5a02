import type { LexField } from './document.ts'
import { type Lexicons, typeName } from './lexicons.ts'
import { walk } from './walk.ts'

/**
 * Which definitions can contain themselves (their checks count the depth), and which have a default somewhere
 * inside (they get a function that fills it in).
 */
export class Recursion {
  readonly #component = new Map<string, number>()
  readonly #cyclic = new Set<number>()
  readonly #defaults = new Set<string>()
  readonly #edges = new Map<string, string[]>()

  constructor(lexicons: Lexicons) {
    for (const { doc } of lexicons.sources)
      for (const [name, def] of Object.entries(doc.defs)) {
        const edges: string[] = []
        const self = typeName(doc.id, name)
        walk(def, '', (field) => {
          if (field !== def && 'default' in field && field.default !== undefined) this.#defaults.add(self)
          for (const ref of refsOf(field)) {
            const target = lexicons.resolve(ref, doc.id)
            if (target !== undefined) edges.push(typeName(target.doc.id, target.name))
          }
        })
        this.#edges.set(self, edges)
      }
    this.#findComponents()
    this.#spreadDefaults()
  }

  isCyclic(type: string): boolean {
    return this.#cyclic.has(this.#component.get(type) ?? -1)
  }

  isSameCycle(a: string, b: string): boolean {
    return this.#component.get(a) === this.#component.get(b)
  }

  hasDefaults(type: string): boolean {
    return this.#defaults.has(type)
  }

  /** Tarjan's algorithm with a stack of its own: a chain of definitions may be as long as the folder is large. */
  #findComponents(): void {
    const index = new Map<string, number>()
    const low = new Map<string, number>()
    const open: string[] = []
    const isOpen = new Set<string>()
    let components = 0
    for (const root of this.#edges.keys()) {
      if (index.has(root)) continue
      const work: { node: string; next: number }[] = [{ node: root, next: 0 }]
      for (let frame = work.at(-1); frame !== undefined; frame = work.at(-1)) {
        const { node } = frame
        if (frame.next === 0) {
          index.set(node, index.size)
          low.set(node, index.get(node) as number)
          open.push(node)
          isOpen.add(node)
        }
        const edges = this.#edges.get(node) ?? []
        const target = edges[frame.next++]
        if (target !== undefined) {
          if (!index.has(target)) work.push({ node: target, next: 0 })
          else if (isOpen.has(target))
            low.set(node, Math.min(low.get(node) as number, index.get(target) as number))
          continue
        }
        work.pop()
        const parent = work.at(-1)?.node
        if (parent !== undefined)
          low.set(parent, Math.min(low.get(parent) as number, low.get(node) as number))
        if (low.get(node) !== index.get(node)) continue
        const component = components++
        const members = open.splice(open.lastIndexOf(node))
        for (const member of members) {
          isOpen.delete(member)
          this.#component.set(member, component)
        }
        if (members.length > 1 || edges.includes(node)) this.#cyclic.add(component)
      }
    }
  }

  #spreadDefaults(): void {
    const users = new Map<string, string[]>()
    for (const [user, edges] of this.#edges)
      for (const used of edges) users.set(used, [...(users.get(used) ?? []), user])
    const queue = [...this.#defaults]
    for (let used = queue.pop(); used !== undefined; used = queue.pop())
      for (const user of users.get(used) ?? [])
        if (!this.#defaults.has(user)) {
          this.#defaults.add(user)
          queue.push(user)
        }
  }
}

export function refsOf(field: LexField): readonly string[] {
  return field.type === 'ref' ? [field.ref] : field.type === 'union' ? field.refs : []
}
