// What studies are called where they came from: people know the tasks of their folder, and not the ids that a server gave them.

const IDS = /\bstudy_[0-9a-z]+/g;

export class StudyNames {
  /** Ids stand for themselves where there is no name. @param byId names by ids of studies */
  constructor(private readonly byId: ReadonlyMap<string, string> = new Map()) {}

  /** The text with names in place of ids; what comes behind an id, as `/` and an objective, stays. */
  in(text: string): string {
    return text.replace(IDS, (id) => this.byId.get(id) ?? id);
  }
}
