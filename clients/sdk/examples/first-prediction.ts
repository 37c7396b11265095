// From measurements to a prediction: a study, its trials, a model, and what an x would measure that nobody tried.
import { OmniReg } from '@omnireg/sdk';

const client = new OmniReg(); // OMNIREG_URL, else http://127.0.0.1:8080

const study = await client.studies.create({
  name: 'gzip on server logs',
  objectives: [{ name: 'bytes', goal: 'minimize' }],
});
const { created, errors } = await client.studies.trials.createBatch(study.id, [
  { x: { algorithm: 'gzip', level: 1 }, y: 61200 },
  { x: { algorithm: 'gzip', level: 9 }, y: 48100 },
  { x: { algorithm: 'brotli', quality: 4 }, y: 47900 },
  { x: { algorithm: 'brotli', quality: 12 }, status: 'infeasible', infeasible_reason: 'no such quality' },
]);
for (const { row, detail, fix } of errors) console.error(`row ${row} ${detail}. ${fix}`);

const job = await client.fineTuningJobs.create({ studies: [study.id] });
const events = client.fineTuningJobs.events(job.id);
for await (const { message } of events) console.error(message);
const { status, fine_tuned_model } = await events.final();

const { predictions } = await client.studies.predict(study.id, { queries: [{ algorithm: 'brotli', quality: 9 }] });
const { median, intervals } = predictions[0]!.objectives.bytes!;
console.log(JSON.stringify({ created: created.length, status, fine_tuned_model, median, interval: intervals[0] }));
