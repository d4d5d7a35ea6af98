// Which members of the WebTorrent swarm each connection of a worker has announced, so that they leave with it: a short
// linked list for each connection, in columns that grow as memberships come.

const NONE = 0
const FIRST_NODES = 1024

export class Memberships {
  /** First node of each connection's list. */
  readonly #first: Int32Array
  readonly #counts: Int32Array
  #members = new Int32Array(FIRST_NODES)
  #next = new Int32Array(FIRST_NODES)
  #freed = NONE
  #untouched = 1

  /** @param capacity connections, as `StreamLimits.capacity` */
  constructor(capacity: number) {
    this.#first = new Int32Array(capacity)
    this.#counts = new Int32Array(capacity)
  }

  /** Places for memberships of all connections, taken or not: the most that there ever were, up to the double. */
  get places(): number {
    return this.#members.length
  }

  count(connection: number): number {
    return this.#counts[connection]
  }

  has(connection: number, member: number): boolean {
    let node = this.#first[connection]
    while (node !== NONE && this.#members[node] !== member) node = this.#next[node]
    return node !== NONE
  }

  /** Adds a member that the connection does not have yet. */
  add(connection: number, member: number): void {
    const node = this.#takeNode()
    this.#members[node] = member
    this.#next[node] = this.#first[connection]
    this.#first[connection] = node
    this.#counts[connection]++
  }

  /** Forgets one member, if the connection has it. */
  remove(connection: number, member: number): void {
    let before = NONE
    let node = this.#first[connection]
    while (node !== NONE && this.#members[node] !== member) {
      before = node
      node = this.#next[node]
    }
    if (node === NONE) return
    if (before === NONE) this.#first[connection] = this.#next[node]
    else this.#next[before] = this.#next[node]
    this.#counts[connection]--
    this.#giveBack(node)
  }

  /** Forgets a connection's first member. @returns it, or 0 when there is none left */
  pop(connection: number): number {
    const node = this.#first[connection]
    if (node === NONE) return 0
    this.#first[connection] = this.#next[node]
    this.#counts[connection]--
    this.#giveBack(node)
    return this.#members[node]
  }

  #takeNode(): number {
    const node = this.#freed
    if (node !== NONE) {
      this.#freed = this.#next[node]
      return node
    }
    if (this.#untouched === this.#members.length) this.#grow()
    return this.#untouched++
  }

  #giveBack(node: number): void {
    this.#next[node] = this.#freed
    this.#freed = node
  }

  #grow(): void {
    const members = new Int32Array(this.#members.length * 2)
    members.set(this.#members)
    const next = new Int32Array(members.length)
    next.set(this.#next)
    this.#members = members
    this.#next = next
  }
}
