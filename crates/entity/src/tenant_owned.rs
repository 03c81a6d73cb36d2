use sea_orm::EntityTrait;

/// An entity whose rows belong to one organisation each.
pub trait TenantOwned: EntityTrait {
    /// The column that names the organisation; every statement on the table filters by it.
    const ORGANIZATION: Self::Column;
}
