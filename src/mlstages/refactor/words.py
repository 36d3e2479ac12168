"""The words that naming goes by: verbs, the nouns made of them, and what says nothing."""

from typing import Final

VERBS: Final = frozenset(
    "add aggregate align analyse analyze animate annotate apply assemble assess assign "
    "augment average balance bin build calculate calibrate check choose classify clean "
    "cluster collect combine compare compile compress compute concatenate configure construct "
    "convert convolve correct count create cross-validate crop decode decompose define delete "
    "demonstrate denoise derive describe detect determine discretize discretise display "
    "divide download draw drop embed encode engineer enrich estimate evaluate examine execute "
    "expand explain explore export extract fetch fill filter find fit flatten forecast format "
    "gather generate get group handle identify illustrate impute inspect initialize "
    "initialise inject inspect integrate interpolate interpret inverse join label learn list "
    "load log make map mask measure merge mix normalize normalise obtain optimize optimise "
    "order parse perform permute pick pivot plot pool predict prepare preprocess print "
    "process produce project prune quantify quantize query rank read rebuild recover "
    "reconstruct reduce refine refit regress remove rename render reorder repeat replace "
    "report resample reshape resize restrict retrain retrieve return rotate sample save scale "
    "score search segment select separate serialize set setup show shuffle simulate smooth "
    "sort specify split stack standardize standardise store study subsample summarize "
    "summarise test tokenize train transform translate tune unpack update upload validate "
    "vectorize verify seed inspect view visualize visualise warm weight wrap write zoom raise "
    "lower increase decrease say tell move give put keep take turn send receive open close "
    "connect crawl scrape ask reject accept accumulate adapt adjust allocate alter append "
    "approximate archive arrange attach balance benchmark blend bootstrap broadcast cache "
    "call capture cast categorize center centre chart clip code colour color complete concat "
    "connect consider consolidate contrast control copy cut de-noise deal deduplicate deploy "
    "determine diff differentiate disable drive dump duplicate edit eliminate emit enable "
    "encapsulate enlarge enumerate erase establish exclude exercise extend factor flag flip "
    "forget form freeze grid-search grow guess highlight hold import improve include index "
    "infer ingest insert instantiate invert investigate isolate iterate keep localize lock "
    "look loop match maximize minimize modify monitor multiply observe open overlay pack pad "
    "paint partition patch pass plan post precompute prep preview proceed profile prune "
    "publish pull push randomize re-fit recall recommend record redirect redraw register "
    "regularize relabel release reload replicate represent request reset resolve restore "
    "rescale reverse rotate round scan schedule scatter see select shift shrink sketch skip "
    "slice solve sum swap synthesize tabulate tag tidy track trim truncate unroll unzip use "
    "watch zip acquire anneal backfill backtest binarize binarise blur breed bucket categorise "
    "decompress decorrelate detrend diffuse downsample email evolve finetune fine-tune lag "
    "lemmatize localise maximise mutate minimise oversample persist perturb price prioritise "
    "propagate quantise randomise recode regularise reindex relax reweight sharpen stem "
    "stratify synthesise threshold tokenise undersample upsample vectorise whiten winsorize".split()
)
"""What a heading may begin with."""
VERBS_OF_NOUNS: Final = {
    "aggregation": "aggregate", "analysis": "analyse", "binarization": "binarize",
    "calculation": "calculate", "calibration": "calibrate", "classification": "classify",
    "cleanup": "clean", "comparison": "compare", "comparisons": "compare",
    "computation": "compute", "construction": "construct", "conversion": "convert",
    "creation": "create", "decomposition": "decompose", "definition": "define",
    "definitions": "define", "estimation": "estimate", "evaluation": "evaluate",
    "exploration": "explore", "extraction": "extract", "generation": "generate",
    "imputation": "impute", "initialization": "initialize", "inspection": "inspect",
    "interpretation": "interpret", "normalization": "normalize", "optimization": "optimize",
    "preparation": "prepare", "preprocessing": "preprocess", "pre-processing": "preprocess",
    "reconstruction": "reconstruct", "selection": "select", "simulation": "simulate",
    "transformation": "transform", "validation": "validate", "visualization": "visualize",
    "visualisation": "visualise", "vectorization": "vectorize", "acquisition": "acquire",
    "evolution": "evolve", "init": "initialise", "mutation": "mutate", "prediction": "predict",
    "predictions": "predict", "regularization": "regularize", "segmentation": "segment",
    "standardization": "standardize", "tokenization": "tokenize", "collection": "collect",
}  # fmt: skip
"""``generation`` stands for ``generate``."""
NOUN_LIKE: Final = frozenset(
    "plot score sample test group label weight rank model cluster estimate list map mask pool "
    "order sort study project view search log stack set filter".split()
)
"""Verbs whose plural is a noun: "plots" begins no instruction."""
STOP_WORDS: Final = frozenset(
    "a an the this that these those our your its their his her we us let lets i you it is are "
    "was were be been now then first second third next finally here also just simply will can "
    "could should would may might must some any very too both each all step part section "
    "please s t ll re ve of there do does did not up out e g i etc want need going able how "
    "what why following below above simple basic quick final last example use case please "
    "note start starting begin beginning try have has had which more most".split()
)
"""Left out of names."""
ORDINALS: Final = frozenset("first second third next final last more most".split())
"""Kept where without them two stages would have one name."""
CLAUSE_STARTS: Final = frozenset(
    "using with so because which that when while by from as for to on in into via after "
    "before where whose if but over between at than per without through under such since".split()
)
"""A name ends before these, once it has an object."""
GENERIC: Final = frozenset(
    "run process compute setup code main part main_part stage step block section cell script "
    "do work execute perform start continue go finish body".split()
)
"""Words that say nothing when they stand alone."""
OF_OTHER_LANGUAGES: Final = frozenset(
    "de del la el los las y en con para por una al que und der das den dem ein eine mit von für zu "
    "auf aus im zur zum nach le les des du et une pour avec dans sur par au aux os do da dos das "
    "em com um uma il lo gli di della dei nel".split()
)
"""Small words of Spanish, German, French, Portuguese and Italian that English has not."""

VAGUE: Final = frozenset(
    "ax axs axes axis fig figs figure pos options opts kwargs args tmp temp res ret out idx obj xx "
    "yy zz t tic toc start begin start_time t_start".split()
)
"""Names of variables that do not tell what they hold, numbered or not."""
SAYS_LITTLE: Final = frozenset(
    "done total time took number ok sec seconds ms mb result results value values".split()
)
"""Left out of names that are made of what is printed."""
