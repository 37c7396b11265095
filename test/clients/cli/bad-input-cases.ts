// Input that people really hand in, each with what it is called in docs/bad-input.md. The answers are not here: they are
// what the command line really says.

export interface BadInput {
  /** The command. */
  where:
    | 'import'
    | 'studies'
    | 'trials'
    | 'predict'
    | 'suggest'
    | 'train'
    | 'jobs'
    | 'models'
    | 'keys'
    | 'evaluate'
    | 'demo'
    | 'completion'
    | 'any command';
  input: string;
  /** Files in the folder the command runs in. */
  files?: Record<string, string | Uint8Array>;
  args: string[];
  stdin?: string;
  /** Where the service is looked for; by default where it is. */
  url?: string;
  /** What must be true of the answer, so that the table cannot drift into nonsense. */
  expect: { code: number; says: RegExp };
}

/** One CSV, imported. */
function csv(input: string, content: string | Uint8Array, code: number, says: RegExp, ...options: string[]): BadInput {
  return {
    where: 'import',
    input,
    files: { 't.csv': content },
    args: ['import', 't.csv', ...options],
    expect: { code, says },
  };
}

const wide = (columns: number) => {
  const names = Array.from({ length: columns }, (_, i) => `p${i}`);
  return `${[...names, 'y'].join()}\n${[...names.map((_, i) => i), 1].join()}\n${[...names.map((_, i) => i + 1), 2].join()}\n`;
};

export const badInputs: BadInput[] = [
  csv('byte order mark and CRLF', '\ufeffa,b,y\r\n1,x,2\r\n2,z,3\r\n', 0, /2 of 2 rows imported/),
  csv('line breaks inside quotes', 'note,y\n"two\nlines",1\n"three\r\nmore\nlines",2\n', 0, /2 of 2 rows/),
  csv('LF, CRLF and CR mixed, empty lines between', 'a,y\n1,2\r\n\r\n2,3\r3,4\n\n', 0, /3 of 3 rows/),
  csv('no header', '1,2,3\n4,5,6\n', 0, /columns are named c1 to c3/),
  csv('a header of numbers', '2020,2021\n1,2\n', 0, /1 of 1 rows/, '--header'),
  csv('semicolons', 'a;b;y\n1;x;2\n', 0, /parameters a \(number\), b \(text\)/),
  csv('tabs', 'a\tb\ty\n1\tx\t2\n', 0, /parameters a \(number\), b \(text\)/),
  csv('empty columns and an empty last column, as sheets export them', 'a,,y,\n1,,2,\n', 0, /objective "y"/),
  csv('a row with a cell too few', 'a,b,y\n1,2,3\n4,5\n6,7,8\n', 3, /line 3: the row has 2 cells/),
  csv('a row with a cell too many', 'a,b,y\n1,2,3\n4,x,5,6\n', 3, /line 3: the row has 4 cells/),
  csv('a quote inside a bare cell', 'a,y\n5" pipe,1\nok,2\n', 3, /line 2: a quote stands inside/),
  csv('text after a closing quote', 'a,y\n"x"z,1\nok,2\n', 3, /line 2: a quoted cell goes on/),
  csv(
    'a quote that is never closed, good rows behind it',
    'a,y\n"x,1\nok,2\nfine,3\n',
    3,
    /line 2: a quote is opened and never closed[\s\S]*2 of 3 rows/,
  ),
  csv('an empty file', '', 1, /is empty/),
  csv('a header and nothing else', 'a,b,y\n', 1, /a header and no rows/),
  csv('two columns of one name', 'a,a,y\n1,2,3\n', 1, /columns 1 and 2 are both named "a"/),
  csv('a column without a name', ',a,y\n0,1,2\n1,2,3\n', 0, /column 1 has no name/),
  csv('a single column', 'y\n1\n2\n', 1, /no column left for parameters/),
  csv('UTF-16, as some sheets export', Buffer.from('\ufeffa,y\n1,2\n', 'utf16le'), 1, /UTF-16/),
  csv('a spreadsheet file named .csv', Uint8Array.from([0x50, 0x4b, 3, 4, 20, 0, 0, 0]), 1, /zero bytes/),
  csv(
    'one row in Latin-1',
    Buffer.concat([Buffer.from('a,y\nok,1\n'), Buffer.from([0xfc]), Buffer.from('ber,2\n')]),
    3,
    /line 3: the row holds bytes that are not UTF-8/,
  ),
  csv('emoji and right-to-left text', 'שם,رمز,y\n😀,مرحبا,1\n👩‍👩‍👧,עולם,2\n', 0, /2 of 2 rows/),
  csv('columns named __proto__ and constructor', '__proto__,constructor,a,y\n1,2,3,4\n', 1, /__proto__/),
  csv('a text of 10,000 characters', `a,y\n${'long '.repeat(2000)},1\nshort,2\n`, 0, /2 of 2 rows/),
  csv('a text of 200,000 characters', `a,y\n${'long '.repeat(40_000)},1\nshort,2\n`, 3, /line 2, column "a"/),
  csv('500 parameters', wide(500), 0, /2 of 2 rows/),
  csv('1,100 parameters', wide(1100), 1, /line 2/),
  csv('the same row twice', 'a,y\n1,2\n1,2\n', 0, /2 of 2 rows/),
  csv('a measurement that never changes', 'a,y\n1,5\n2,5\n3,5\n', 0, /3 of 3 rows/),
  csv('a row without parameters', 'a,b,y\n1,2,3\n,,4\n', 3, /line 3: no parameter has a value/),
  csv('y missing', 'a,y\n1,2\n2,\n', 3, /line 3, column "y": there is no measurement/),
  csv('y missing, where that means failed', 'a,y\n1,2\n2,\n', 0, /1 of them infeasible/, '--infeasible', 'empty'),
  csv('y is NaN', 'a,y\n1,2\n2,NaN\n', 3, /--infeasible nan/),
  csv('y is NaN, where that means failed', 'a,y\n1,2\n2,NaN\n', 0, /1 of them infeasible/, '--infeasible', 'nan'),
  csv('y is inf', 'a,y\n1,2\n2,-inf\n', 3, /is not a finite number/),
  csv('y is 1e31', 'a,y\n1,2\n2,1e31\n', 3, /not between -1e31 and 1e31/),
  csv('y is 1e400', 'a,y\n1,2\n2,1e400\n', 3, /beyond the range of a double/),
  csv('y is "1,5"', 'a,y\n1,2\n2,"1,5"\n', 3, /--decimal-comma/),
  csv('decimal commas throughout', 'a;y\n0,5;1,5\n1;2\n', 0, /parameters a \(number\)/, '--decimal-comma'),
  csv('y is "12,345.6"', 'a,y\n1,2\n2,"12,345.6"\n', 3, /thousands/),
  csv('y is "12 ms"', 'a,y\n1,2\n2,12 ms\n', 3, /a number with a unit/),
  csv('y is "crashed"', 'a,y\n1,2\n2,crashed\n', 3, /--infeasible "crashed"/),
  csv('no y at all: the last column is text', 'y,name\n1,a\n2,b\n', 1, /Name the column that was measured/),
  csv('a parameter of 1e400 among numbers', 'a,y\n1,2\n1e400,3\n', 3, /line 3, column "a"/),
  csv('a parameter of NaN among numbers', 'a,y\n1,2\nNaN,3\n', 3, /--missing "NaN"/),
  csv('N/A among numbers', 'a,y\n1,2\nN/A,3\n2,4\n', 0, /column "a" is read as text, as line 3 holds "N\/A"/),
  csv('N/A that means missing', 'a,y\n1,2\nN/A,3\n2,4\n', 3, /no parameter has a value/, '--missing', 'N/A'),
  csv('identifiers with leading zeros', 'id,y\n007,1\n010,2\n', 0, /id \(text\)/),
  csv('identifiers of 20 digits', 'id,y\n12345678901234567890,1\n12345678901234567891,2\n', 0, /id \(text\)/),
  csv(
    'a status nobody knows',
    'a,status,y\n1,completed,2\n2,done,3\n',
    3,
    /"done" is not a status/,
    '--status-column',
    'status',
  ),
  csv('an objective misspelt', 'a,latency\n1,2\n', 2, /Did you mean "latency"/, '--objective', 'latncy'),
  csv('a column to ignore that is not there', 'a,y\n1,2\n', 2, /no column "id"/, '--ignore', 'id'),
  {
    where: 'import',
    input: 'a file that is not there',
    args: ['import', 'nope.csv'],
    expect: { code: 1, says: /nope.csv does not exist/ },
  },
  { where: 'import', input: 'a folder', args: ['import', '.'], expect: { code: 1, says: /is a folder/ } },
  {
    where: 'import',
    input: 'two files, one of them empty',
    files: { 'bad.csv': '', 'good.csv': 'a,y\n1,2\n' },
    args: ['import', 'bad.csv', 'good.csv'],
    expect: { code: 3, says: /bad.csv is empty[\s\S]*good.csv: 1 of 1/ },
  },
  {
    where: 'import',
    input: 'a metadata file that is a list',
    files: { 't.csv': 'a,y\n1,2\n', 't.json': '[]' },
    args: ['import', 't.csv'],
    expect: { code: 1, says: /t.json is not a JSON object/ },
  },
  {
    where: 'import',
    input: 'a goal that is neither minimize nor maximize',
    files: { 't.csv': 'a,y\n1,2\n', 'm.json': '{"objectives": [{"name": "y", "goal": "low"}]}' },
    args: ['import', 't.csv', '--metadata', 'm.json'],
    expect: { code: 1, says: /objectives\[0\].goal/ },
  },
  {
    where: 'import',
    input: 'a study that is not there',
    files: { 't.csv': 'a,y\n1,2\n' },
    args: ['import', 't.csv', '--study', 'study_nope'],
    expect: { code: 1, says: /study_not_found/ },
  },
  { where: 'train', input: 'no study named', args: ['train'], expect: { code: 2, says: /--study ID/ } },
  {
    where: 'train',
    input: '--steps 0',
    args: ['train', '--all', '--steps', '0'],
    expect: { code: 2, says: /from 1 to/ },
  },
  {
    where: 'train',
    input: 'a study that is not there',
    args: ['train', '--study', 'study_nope'],
    expect: { code: 1, says: /study_nope/ },
  },
  {
    where: 'train',
    input: 'a job that is not there',
    args: ['train', '--follow', 'ftjob_nope'],
    expect: { code: 1, says: /job_not_found/ },
  },
  {
    where: 'predict',
    input: 'no parameters',
    args: ['predict', '--study', 's'],
    expect: { code: 2, says: /--x JSON/ },
  },
  {
    where: 'predict',
    input: 'parameters and a file',
    args: ['predict', '--study', 's', '--x', '{"a":1}', 'more.csv'],
    expect: { code: 2, says: /not from both/ },
  },
  {
    where: 'predict',
    input: '--x that is a list',
    args: ['predict', '--study', 's', '--x', '[1]'],
    expect: { code: 2, says: /Write a JSON object/ },
  },
  {
    where: 'predict',
    input: '--interval 90',
    args: ['predict', '--study', 's', '--x', '{"a":1}', '--interval', '90'],
    expect: { code: 2, says: /between 0 and 1/ },
  },
  {
    where: 'predict',
    input: 'a study that is not there',
    args: ['predict', '--study', 'study_nope', '--x', '{"a":1}'],
    expect: { code: 1, says: /study_not_found/ },
  },
  { where: 'predict', input: 'no --study', args: ['predict', '--x', '{"a":1}'], expect: { code: 2, says: /--study/ } },
  {
    where: 'evaluate',
    input: 'neither folder nor studies',
    args: ['evaluate'],
    expect: { code: 2, says: /--study ID, or --all/ },
  },
  {
    where: 'evaluate',
    input: 'a folder that is not there',
    args: ['evaluate', 'nope'],
    expect: { code: 1, says: /Name a folder of CSV files/ },
  },
  {
    where: 'evaluate',
    input: 'a folder without a CSV',
    files: { 'notes.txt': 'mine' },
    args: ['evaluate', '.'],
    expect: { code: 1, says: /holds no CSV file/ },
  },
  {
    where: 'evaluate',
    input: 'a family misspelt',
    files: { 't.csv': 'a,y\n1,2\n' },
    args: ['evaluate', '.', '--family', 'compilers'],
    expect: { code: 2, says: /Name one of/ },
  },
  {
    where: 'evaluate',
    input: '--use without an INDEX.csv',
    files: { 't.csv': 'a,y\n1,2\n' },
    args: ['evaluate', '.', '--use', 'evaluate'],
    expect: { code: 1, says: /Leave out --use/ },
  },
  {
    where: 'evaluate',
    input: '--trials 5,many',
    args: ['evaluate', '.', '--trials', '5,many'],
    expect: { code: 2, says: /with commas between/ },
  },
  {
    where: 'evaluate',
    input: 'a folder, and studies of a service',
    files: { 't.csv': 'a,y\n1,2\n' },
    args: ['evaluate', '.', '--all'],
    expect: { code: 2, says: /A folder of tasks and --all/ },
  },
  {
    where: 'evaluate',
    input: '--study and --all',
    args: ['evaluate', '--study', 'study_x', '--all'],
    expect: { code: 2, says: /Leave out one of them/ },
  },
  {
    where: 'evaluate',
    input: '--family without a folder',
    args: ['evaluate', '--all', '--family', 'compilers'],
    expect: { code: 2, says: /--family chooses among the tasks of a folder/ },
  },
  {
    where: 'evaluate',
    input: '--folds where nothing is trained',
    files: { 't.csv': 'a,y\n1,2\n' },
    args: ['evaluate', '.', '--folds', '3'],
    expect: { code: 2, says: /Add --protocol in or both/ },
  },
  {
    where: 'evaluate',
    input: 'a service without a model',
    files: { 't.csv': 'a,y\n1,2\n2,3\n' },
    args: ['evaluate', '.'],
    expect: { code: 1, says: /no_model/ },
  },
  {
    where: 'demo',
    input: 'a held-out study misspelt',
    args: ['demo', '--holdout', 'jsonlogs'],
    expect: { code: 2, says: /Did you mean "json-logs"/ },
  },
  {
    where: 'demo',
    input: 'an objective misspelt',
    args: ['demo', '--objective', 'cpu'],
    expect: { code: 2, says: /cpu_ms/ },
  },
  {
    where: 'demo',
    input: 'more trials than there are',
    args: ['demo', '--queries', '1000'],
    expect: { code: 2, says: /fewer than/ },
  },
  {
    where: 'demo',
    input: 'a folder with other files in it',
    files: { 'thesis.txt': 'mine' },
    args: ['demo', '--folder', '.'],
    expect: { code: 1, says: /was not made by the demo/ },
  },
  {
    where: 'studies',
    input: 'a subcommand misspelt',
    args: ['studies', 'shw', 'study_nope'],
    expect: { code: 2, says: /Did you mean "show"/ },
  },
  {
    where: 'studies',
    input: '--metadata that is no JSON',
    args: ['studies', 'create', 'a', '--metadata', '{furnace: 1}'],
    expect: { code: 2, says: /--metadata is not JSON/ },
  },
  {
    where: 'studies',
    input: '--space with a type that there is not',
    args: ['studies', 'create', 'a', '--space', '{"level": {"type": "int", "low": 1, "high": 9}}'],
    expect: { code: 1, says: /\/search_space\/level\/type/ },
  },
  {
    where: 'studies',
    input: 'delete, where nobody can be asked',
    args: ['studies', 'delete', 'study_nope'],
    expect: { code: 1, says: /study_not_found/ },
  },
  {
    where: 'trials',
    input: '--y that is no number',
    args: ['trials', 'add', 'study_nope', '--x', '{"a":1}', '--y', 'fast'],
    expect: { code: 2, says: /Write a number, or name=number/ },
  },
  {
    where: 'trials',
    input: 'measured and failed at once',
    args: ['trials', 'add', 'study_nope', '--x', '{"a":1}', '--y', '1', '--infeasible'],
    expect: { code: 2, says: /Leave out --y, or --infeasible/ },
  },
  {
    where: 'trials',
    input: 'a trial that is not there',
    args: ['trials', 'show', 'study_nope', 'trial_nope'],
    expect: { code: 1, says: /not_found/ },
  },
  {
    where: 'suggest',
    input: 'a criterion that there is not',
    args: ['suggest', '--study', 's', '--criterion', 'luck'],
    expect: { code: 2, says: /expected_improvement/ },
  },
  {
    where: 'suggest',
    input: '--space in a file that is not there',
    args: ['suggest', '--study', 's', '--space', 'nowhere.json'],
    expect: { code: 1, says: /nowhere\.json/ },
  },
  {
    where: 'jobs',
    input: 'a job that is not there',
    args: ['jobs', 'cancel', 'ftjob_nope'],
    expect: { code: 1, says: /job_not_found/ },
  },
  {
    where: 'models',
    input: 'a model that is not there',
    args: ['models', 'download', 'model_nope'],
    expect: { code: 1, says: /model_not_found/ },
  },
  {
    where: 'keys',
    input: 'a scope that there is not',
    args: ['keys', 'create', 'a', '--scope', 'all'],
    expect: { code: 2, says: /read, write, admin/ },
  },
  {
    where: 'keys',
    input: 'a first key that is not of scope admin',
    args: ['keys', 'create', 'a', '--scope', 'read'],
    expect: { code: 1, says: /admin/ },
  },
  {
    where: 'completion',
    input: 'another shell',
    args: ['completion', 'tcsh'],
    expect: { code: 2, says: /bash, zsh, fish/ },
  },
  {
    where: 'any command',
    input: 'a command misspelt',
    args: ['imprt', 'x.csv'],
    expect: { code: 2, says: /Did you mean import/ },
  },
  {
    where: 'any command',
    input: 'an option misspelt',
    args: ['train', '--al'],
    expect: { code: 2, says: /Did you mean --all/ },
  },
  {
    where: 'any command',
    input: '--url without http',
    args: ['train', '--all', '--url', 'localhost'],
    expect: { code: 2, says: /Write an address/ },
  },
  {
    where: 'any command',
    input: 'no service there',
    args: ['train', '--all'],
    url: 'http://127.0.0.1:2',
    expect: { code: 1, says: /omnireg serve/ },
  },
];
