"""Networks, tables, and files whose arrays are named by the one script that writes and reads them."""

FILES = {
    "model.keras": "run",
    "history.csv": "run",
    "removals.csv": "run",
    "datamodels-*.csv": "run",
    "overlap.csv": "run",
    "boundary_overlap.csv": "run",
    "retrieval.h5": "run",
    "retrieval.csv": "run",
    "boundary_move.h5": "run",
    "evaluation.csv": "scope",
    "group_boundary.csv": "scope",
    "judges/*.csv": "run",
    "inspection.h5": "scope",
    "inspection.csv": "scope",
    "seeds.csv": "study",
    "agreement.csv": "study",
    "retrieval-seeds.csv": "study",
    "inspection-seeds.csv": "study",
    "lds-*.csv": "study",
    "leave-one-out-*.csv": "study",
    "group-removals-*.csv": "study",
    "brittleness-*.csv": "study",
    "attribution-stability-*.csv": "study",
    "embeddings-*.csv": "study",
    "improved_groups.csv": "run",
    "partition.csv": "study",
    "partition-stability.csv": "study",
    "removal-*.csv": "study",
}
# where data without a plane has another place
FILES_OF_IMAGES = {"evaluation.csv": "run"}
