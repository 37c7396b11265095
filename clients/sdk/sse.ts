// Server-sent events: text in pieces of any size becomes messages (WHATWG HTML, 9.2.6 "Interpreting an event stream").

export interface ServerSentMessage {
  /** `message` where the stream names none. */
  event: string;
  data: string;
  /** The last id that the stream has named, with this message or before. */
  id: string | undefined;
}

export class ServerSentParser {
  #started = false;
  #line = '';
  /** The piece before ended with CR: a LF that follows belongs to it. */
  #afterReturn = false;
  #event = '';
  #data: string[] = [];
  #id: string | undefined;

  /** @returns The messages that are complete with this piece. */
  push(text: string): ServerSentMessage[] {
    const messages: ServerSentMessage[] = [];
    let rest = text;
    if (!this.#started && rest !== '') {
      this.#started = true;
      if (rest.startsWith('\uFEFF')) rest = rest.slice(1);
    }
    if (this.#afterReturn && rest !== '') {
      this.#afterReturn = false;
      if (rest.startsWith('\n')) rest = rest.slice(1);
    }
    const ends = /\r\n|\r|\n/g;
    let from = 0;
    for (let end = ends.exec(rest); end; end = ends.exec(rest)) {
      this.#take(this.#line + rest.slice(from, end.index), messages);
      this.#line = '';
      from = ends.lastIndex;
    }
    this.#afterReturn = rest.endsWith('\r');
    this.#line += rest.slice(from);
    return messages;
  }

  #take(line: string, messages: ServerSentMessage[]): void {
    if (line === '') {
      if (this.#data.length > 0)
        messages.push({ event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id });
      this.#event = '';
      this.#data = [];
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }
}
