// Names of the world: what experiments of many fields vary, measure and are called. A made-up study reads like a real one.

/** Kinds of parameter; `#` integer, `~` logarithmic, `^` power of two, `?` truth value, `=a|b|c` category, `"` short text. */
export interface Domain {
  name: string;
  titles: readonly string[];
  /** `name goal unit scale-of-10`; goal − or +; unit may be empty. */
  objectives: readonly string[];
  parameters: readonly string[];
  /** What a study's metadata speak of. */
  metadata: readonly string[];
  words: readonly string[];
}

const split = (text: string, by = ' '): string[] => text.split(by).filter((part) => part !== '');

const domain = (
  name: string,
  titles: string,
  objectives: string,
  parameters: string,
  metadata: string,
  words: string,
): Domain => ({
  name,
  titles: split(titles, ';'),
  objectives: split(objectives, ';'),
  parameters: split(parameters),
  metadata: split(metadata),
  words: split(words),
});

export const DOMAINS: readonly Domain[] = [
  domain(
    'deep learning',
    'Image classifier;Language model pretraining;Speech recogniser;Segmentation network;Recommender;Fine-tuning',
    'val_loss - ;accuracy + %;error - %;perplexity - ;f1 + ;train_time - s;top5 + %;bleu + ',
    'learning_rate~ batch_size^ weight_decay~ dropout num_layers# hidden_size^ warmup_steps# optimizer=adam|adamw|sgd|rmsprop|lamb momentum epochs# label_smoothing activation=relu|gelu|tanh|swish num_heads^ clip_norm~ mixup_alpha scheduler=cosine|linear|step|constant use_bias? augment? beta1 beta2 kernel_size# embedding_dim^ precision=fp32|fp16|bf16 seed# init=xavier|kaiming|normal grad_accumulation^ sequence_length^ norm=layer|batch|group|none prompt" ema_decay',
    'dataset architecture parameters hardware classes training_examples',
    'resnet vit bert conv attention residual large base small tiny patch16 distilled pretrained augmented shallow deep mixer encoder',
  ),
  domain(
    'machine learning on tables',
    'Boosted trees;Random forest tuning;Elastic net;Support vector machine;Nearest neighbours;Churn model',
    'auc + ;accuracy + ;logloss - ;rmse - ;mae - ;mmce - ;timetrain - s;brier - ;r2 + ',
    'eta~ max_depth# n_estimators# subsample colsample_bytree min_child_weight~ gamma~ lambda~ alpha~ booster=gbtree|gblinear|dart num_leaves# min_samples_leaf# criterion=gini|entropy max_features kernel=rbf|linear|poly|sigmoid C~ degree# shrinking? n_neighbors# weights=uniform|distance splitter=best|random bootstrap? mtry# trainsize impute=mean|median|hist max_bin^ rate_drop skip_drop scale? encoder=onehot|target|ordinal tol~ cp~ minbucket# minsplit#',
    'dataset rows columns task openml_id algorithm missing_share classes',
    'credit adult higgs covertype bank spam income churn wine letter satellite vehicle',
  ),
  domain(
    'compilers',
    'Compiler flags;Loop optimisation;Link-time optimisation;JIT tuning',
    'exec - s;compile_time - s;binary_size - bytes;cycles - ;energy - J;speedup + ',
    'O=O0|O1|O2|O3|Os inline_threshold# unroll_factor# unroll_loops? vectorize? lto? fast_math? gvn? licm? tile_size^ prefetch? omit_frame_pointer? tree_vectorize? march=native|x86-64|haswell|znver3 ipa_cp? max_inline_insns# loop_interchange? float_store? strict_aliasing? sched=none|list|modulo align_functions^ reg_alloc=greedy|basic|pbqp branch_prob jump_threading? simplifycfg? sccp? partial_inlining? flags"',
    'program input compiler version cpu lines_of_code',
    '-O2 -funroll-loops -flto -march=native -ffast-math -fno-inline -fprefetch -g -static -fpic -fopenmp -Wall',
  ),
  domain(
    'databases',
    'Database server knobs;OLTP benchmark;Analytical queries;Key-value store;Cache server',
    'latency - ms;throughput + ops/s;query_time - s;p99_latency - ms;tps + 1/s;disk_usage - MB',
    'shared_buffers^ work_mem^ max_connections# wal_level=minimal|replica|logical checkpoint_timeout# fsync? full_page_writes? random_page_cost effective_cache_size^ autovacuum? synchronous_commit=on|off|local compression=none|lz4|zstd|snappy page_size^ write_buffer_size^ bloom_bits# block_cache^ compaction=level|universal|fifo threads^ isolation=serializable|snapshot|read_committed index_type=btree|hash|gin logging? encryption? replication# shards# ttl~ eviction=lru|lfu|random jit? parallel_workers# query" cache_ratio',
    'workload clients rows engine version storage memory_gb',
    'select from where join group order count sum lineitem orders customers index limit like between distinct',
  ),
  domain(
    'GPU kernels',
    'Convolution kernel;Matrix multiplication;Stencil;Reduction;Dedispersion;Attention kernel',
    'time - ms;gflops + GFLOP/s;bandwidth + GB/s;energy - J;cost - s',
    'block_size_x^ block_size_y^ tile_size_x# tile_size_y# tile_k^ unroll# use_shmem? use_padding? vector_width^ num_warps^ num_stages# read_only? layout=row|col|tiled swizzle? precision=fp32|fp16|tf32|int8 split_k^ grid_stride? registers# loop_unroll_factor# prefetch_depth# cache=L1|L2|none coarsening# async_copy? persistent? schedule"',
    'device kernel problem_size compute_capability memory_bandwidth',
    'tile fuse split reorder vectorize parallel unroll bind cache_read cache_write blockIdx.x threadIdx.x',
  ),
  domain(
    'configurable systems',
    'Video encoder;File compressor;Web server;Stream processor;Constraint solver;PDF tool;Browser start',
    'time - s;size - bytes;fps + 1/s;memory - MB;requests_per_second + 1/s;energy - J;psnr + dB;performance - ;conflicts - ',
    'level# threads# preset=ultrafast|fast|medium|slow|veryslow crf# bitrate~ keyint# ref# subme# me=dia|hex|umh|esa cabac? deblock? mbtree? no_asm? lookahead# bframes# window_size^ dictionary^ block_size^ format=gz|xz|zip|zstd checksum=crc32|crc64|sha256 memory_limit^ keepalive? tls? sendfile? workers# buffer_size^ timeout~ compression? verbosity# heuristic=vsids|berkmin|random restart=luby|geometric decay seed# format_out=png|tiff|jp2 options"',
    'system input version width height entropy category file_size',
    'fast slow best quality lossless multithread stream archive chunk index',
  ),
  domain(
    'chemistry',
    'Reaction optimisation;Solubility;Catalyst screening;Polymerisation;Crystallisation;Binding',
    'yield + %;selectivity + %;log_solubility + log mol/L;conversion + %;ee + %;viscosity - mPa·s;pIC50 + ;purity + %',
    'temperature concentration~ time~ catalyst=Pd(OAc)2|Pd2dba3|NiCl2|CuI|RuCl3 ligand=PPh3|XPhos|SPhos|dppf|none solvent=DMF|THF|toluene|water|MeCN|EtOH base=K2CO3|Cs2CO3|NaOtBu|Et3N equivalents pressure pH stirring_rate# catalyst_loading~ additive=none|LiCl|TBAB|KF molecular_weight logP rings# h_donors# h_acceptors# polar_surface smiles" flow_rate~ residence_time~ inert_gas? water_content~',
    'reaction substrate assay target batch laboratory',
    'CC(=O)O c1ccccc1 CCN C1CCCCC1 C(F)(F)F OC C#N NC(=O) S(=O)(=O) Cl Br n1ccnc1',
  ),
  domain(
    'materials',
    'Alloy design;Thin film;Battery electrode;Concrete mix;3D printing;Steel grade',
    'strength + MPa;hardness + HV;capacity + mAh/g;conductivity + S/m;roughness - µm;band_gap - eV;elongation + %',
    'cement water slag fly_ash age# carbon~ chromium nickel manganese silicon anneal_temperature# anneal_time~ cooling=air|water|oil|furnace layer_thickness~ print_speed# nozzle_temperature# infill pattern=grid|gyroid|lines|honeycomb deposition=sputter|ald|cvd|pld substrate=Si|glass|sapphire|quartz electrolyte=LiPF6|LiTFSI|NaPF6 porosity particle_size~ binder=PVDF|CMC|SBR dopant~ composition"',
    'material process standard test_method supplier',
    'Fe Cr Ni Mn Ti Al Cu Zr Nb Mo oxide nitride quenched tempered rolled',
  ),
  domain(
    'simulation and engineering',
    'Aerofoil;Heat exchanger;Bridge girder;Antenna;Crash test;Wind farm;Pump',
    'drag - N;lift + N;weight - kg;efficiency + %;stress - MPa;noise - dB;pressure_drop - Pa;cost - EUR;deflection - mm',
    'angle_of_attack chord_length span thickness~ velocity frequency~ diameter~ length material=steel|aluminium|carbon|titanium mesh_size~ turbulence=k-epsilon|k-omega|les|sa damping~ stiffness~ temperature pressure fins# blade_count# pitch radius gap~ coating? symmetric? solver=direct|cg|gmres|amg smoother=jacobi|gs|sor levels# relaxation mass~ load~ description"',
    'model solver mesh_cells case version',
    'stiff light ribbed hollow tapered swept welded bolted coated insulated',
  ),
  domain(
    'reinforcement learning',
    'Walking robot;Board game;Grid control;Cart and pole;Trading agent',
    'mean_return + ;success_rate + ;episode_length - ;regret - ;time_to_goal - s',
    'gamma lambda_gae learning_rate~ ent_coef~ vf_coef n_steps^ clip_range buffer_size~ tau~ exploration epsilon_decay hidden# layers# policy=mlp|lstm|cnn reward_scale~ frame_stack# action_noise=none|normal|ou target_update# normalize? batch_size^ n_envs^ algorithm=ppo|a2c|sac|td3|dqn',
    'environment seed_count horizon observation_size',
    'hopper walker cheetah ant cartpole acrobot pendulum reacher',
  ),
  domain(
    'large language model systems',
    'Retrieval pipeline;Inference server;Prompt tuning;Agent',
    'tokens_per_second + 1/s;ttft - ms;accuracy + ;cost_per_1k - USD;faithfulness + ;task_duration - s',
    'chunk_size# chunk_overlap# top_k# temperature top_p max_tokens# model=llama3.1:8b|qwen2.5:7b|gemma2:9b|mistral:7b|phi4 embedding=bge-m3|e5-base|minilm reranker? quantization=none|int8|int4|fp8 batch_size^ kv_cache_dtype=auto|fp8 tensor_parallel^ max_num_seqs^ gpu_memory_utilization speculative? draft_tokens# mode=local|global|hybrid|naive prefix_caching? system_prompt" few_shot# rerank_k# block_size^',
    'dataset hardware framework questions',
    'answer step briefly think context cite sources json list explain question given only',
  ),
  domain(
    'web and business',
    'Landing page;Pricing;Campaign;Newsletter;Store forecast;Housing',
    'conversion_rate + %;revenue + USD;clicks + ;price - USD;sales + ;rating + ;churn - %;score + ',
    'price~ discount bid~ headline" channel=email|search|social|display audience=new|returning|all weekday=mon|tue|wed|thu|fri|sat|sun hour# budget~ images# length# premium? region=north|south|east|west rooms# area~ year# distance~ stock# promotion? ad_text" category=books|games|food|tools|toys frequency# cta=buy|try|learn|join',
    'country currency season store product',
    'new free best offer today only save big limited fresh guide review amazing simple why how top ten',
  ),
  domain(
    'biology and medicine',
    'Cell culture;Fermentation;Dose finding;Crop trial;Protein expression;Sequencing',
    'titer + g/L;viability + %;response + ;growth_rate + 1/h;yield + t/ha;survival - d;od600 + ;expression + ',
    'dose~ temperature pH glucose~ oxygen agitation# induction_time~ inducer=IPTG|arabinose|none strain=BL21|DH5a|K12|W3110 feed_rate~ media=LB|TB|M9|YPD nitrogen~ phosphorus~ irrigation sowing_day# variety=A12|B7|C3|local seed_density# age# sex=f|m treatment=placebo|low|high bmi smoker? duration# promoter=T7|lac|tac|araBAD plasmid_copies# sequence" volume~ light cycles#',
    'organism trial site protocol instrument',
    'ATG GCC TTA CGT AAA GGG TAC CAT GAA CTG TGC ACC',
  ),
  domain(
    'operations and networks',
    'Load balancer;Cluster scheduler;Radio link;Warehouse;Message queue;Container orchestration',
    'latency - ms;throughput + Mbit/s;utilization + %;makespan - s;loss - %;queue_length - ;power - W;energy - kWh',
    'replicas# cpu_limit~ memory_limit^ autoscale? target_utilization strategy=round_robin|least_conn|hash|random queue_size^ retries# timeout~ backoff=none|linear|exponential heartbeat~ partitions# acks=0|1|all linger_ms# compression=none|gzip|lz4|zstd modulation=qpsk|16qam|64qam tx_power# bandwidth^ channel# mtu# congestion=cubic|bbr|reno vehicles# shift_length# pickers# batch_window~ priority? spout# bolt# netty_wait~ node" executors# cores#',
    'cluster topology trace nodes rate',
    'rack leaf spine edge core gateway worker master backup primary secondary',
  ),
];
